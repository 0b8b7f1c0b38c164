import Codecs
import Testing

@Suite struct Base64Tests {
    private func decode(_ text: String) throws(Base64Error) -> [UInt8] {
        try Base64.decode(Array(text.utf8).span)
    }

    @Test func `says how much a text decodes to at most`() throws {
        for count in 0..<40 {
            let text = String(repeating: "A", count: count)
            guard count.isMultiple(of: 4) else { continue }
            #expect(try decode(text).count == Base64.decodedByteCountMax(count))
        }
    }

    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
        ("Zm9vYmE=", "fooba"), ("Zm9vYmFy", "foobar"),
    ])
    func `decodes the RFC's test vectors`(text: String, expected: String) throws {
        #expect(try decode(text) == Array(expected.utf8))
    }

    @Test func `decodes every byte value and both symbols of the alphabet`() throws {
        #expect(try decode("+/+/") == [0xFB, 0xFF, 0xBF])
        for byte in UInt8.min...UInt8.max {
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
            let text = String([alphabet[Int(byte >> 2)], alphabet[Int(byte & 3) << 4], "=", "="])
            #expect(try decode(text) == [byte])
        }
    }

    @Test(arguments: [
        ("A", Base64Error.length), ("AA", .length), ("AAA", .length), ("AAAAA", .length),
        ("AAAA\n", .length), ("=", .length),
        ("AA A", .character(offset: 2)), ("AAA\n", .character(offset: 3)),
        ("-_-_", .character(offset: 0)), ("AAAAA-AA", .character(offset: 5)),
        ("====", .character(offset: 0)), ("A===", .character(offset: 1)),
        ("AA=A", .character(offset: 2)), ("=AAA", .character(offset: 0)),
        ("AA==AAAA", .character(offset: 2)), ("AA%=", .character(offset: 2)),
        ("AAé", .character(offset: 2)), ("data:image/png;base64,AAAA  ", .character(offset: 4)),
        ("AB==", .trailingBits), ("AAB=", .trailingBits), ("AAAAZh==", .trailingBits),
    ])
    func `refuses everything but strict base64`(text: String, error: Base64Error) {
        #expect(throws: error) { try decode(text) }
    }
}
