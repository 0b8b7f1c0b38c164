import Foundation
import Service
import Testing

struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON.parse(ArraySlice(text.utf8)) }

    @Test(arguments: [
        0.1, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 205962.6, -0.0, 1, 1e16,
        123456789012345680, 1.0 / 3,
    ])
    func `writes the shortest decimal that reads back as the same bits`(value: Double) throws {
        let text = String(decoding: JSON.number(value).encode(), as: UTF8.self)
        #expect(Double(text)?.bitPattern == value.bitPattern)
        #expect(text.count <= value.description.count)
    }

    @Test func `keeps the order of members and escapes what must be escaped`() {
        let value: JSON = ["z": "a\"\\\n\u{1}ü", "a": [1, true, .null], "n": .numbers([0.5, 2])]
        #expect(
            String(decoding: value.encode(), as: UTF8.self)
                == #"{"z":"a\"\\\n\u0001ü","a":[1,true,null],"n":[0.5,2]}"#)
    }

    @Test(arguments: [
        "[]", "{}", " [ 1 , -0.5e+3, 1E2 ] ", #"{"a":{"b":[null,true,false]}}"#,
        #""\u00e9\ud83d\ude00\/\b""#,
        "0", "\"\u{7f}\"", "[1e-400]", "123456789012345678901234567890",
    ])
    func `accepts what RFC 8259 allows`(text: String) throws {
        _ = try parse(text)
    }

    @Test(arguments: [
        "", " ", "[1,]", "{\"a\":1,}", "[1 2]", "{a:1}", "{'a':1}", "[01]", "[1.]", "[.5]", "[+1]",
        "[-]", "[1e]",
        "[NaN]", "[Infinity]", "[1e400]", "[\"\t\"]", "[\"\\x\"]", "[\"\\ud800\"]",
        "[\"\\udc00\\ud800\"]", "[\"\\u12\"]",
        "tru", "[true", "{\"a\"", "[1]x", "\u{feff}[1]", "// c\n1", "{\"a\":1,\"a\":2}", "\"abc",
        "[\"a\0b\"]", "{1:2}",
    ])
    func `refuses what RFC 8259 does not allow, and names that come twice`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test func `refuses bytes that are not UTF-8`() {
        #expect(throws: JSONSyntaxError.self) { try JSON.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONSyntaxError.self) { try JSON.parse([0x22, 0xED, 0xA0, 0x80, 0x22]) }
    }

    @Test func `refuses a hundred thousand brackets without taking the stack`() {
        #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONSyntaxError.self) {
            try parse(String(repeating: "{\"a\":", count: 100_000))
        }
    }

    @Test func `refuses to be cut anywhere`() throws {
        let text = Array(#"{"a":[1.5e3,"x\u00e9",true,null],"b":{}}"#.utf8)
        _ = try JSON.parse(text[...])
        for end in 0..<text.count {
            #expect(throws: JSONSyntaxError.self, "cut at \(end)") { try JSON.parse(text[..<end]) }
        }
    }
}
