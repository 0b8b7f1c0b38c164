import Codecs
import Testing

/// Names and metadata are bytes: 32 KB of combining marks cost what 32 KB of ASCII cost.
struct SafetensorsNameTests {
    private func parse(_ header: String) throws -> SafetensorsFile {
        try SafetensorsFile.parse(safetensors(header).span)
    }

    private static let marks = String(repeating: "\u{301}\u{323}", count: 8 << 10)

    @Test func `refuses names of tensors and metadata beyond 256 bytes`() throws {
        let member = #"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#
        let longest = String(repeating: "n", count: 256)
        #expect(try parse("{\"\(longest)\":\(member)}").tensors[0].name.equals(longest))
        for name in [longest + "n", Self.marks] {
            #expect(throws: SafetensorsError.malformedHeader(.notObject)) {
                try parse("{\"\(name)\":\(member)}")
            }
            #expect(throws: SafetensorsError.malformedHeader(.notObject)) {
                try parse("{\"__metadata__\":{\"\(name)\":\"\"}}")
            }
        }
    }

    @Test func `takes metadata of any length and characters`() throws {
        let file = try parse("{\"__metadata__\":{\"k\":\"\(Self.marks)\"}}")
        #expect(file.metadata["k"] == UTF8Text(Self.marks))
    }

    @Test func `keeps canonically equal names apart, as the reference does`() throws {
        let member = #"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#
        let file = try parse("{\"\u{E9}\":\(member),\"e\u{301}\":\(member)}")
        #expect(Set(file.tensors.map(\.name)) == ["\u{E9}", "e\u{301}"])
    }

    @Test func `refuses a dtype of combining marks in a short sentence`() throws {
        let error = try #require(throws: SafetensorsError.self) {
            try parse("{\"a\":{\"dtype\":\"\(Self.marks)\",\"shape\":[],\"data_offsets\":[0,0]}}")
        }
        #expect(error.isUnsupportedType && error.description.utf8.count < 200)
    }
}
