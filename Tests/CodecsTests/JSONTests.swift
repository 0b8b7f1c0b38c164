import Codecs
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

    @Test(arguments: [
        ("0", JSON.integer(0)), ("-0", .number(-0.0)), ("-12", .integer(-12)), ("1.0", .number(1)),
        ("1e2", .number(100)), ("9223372036854775807", .integer(.max)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)),
    ])
    func `tells integers from other numbers`(text: String, value: JSON) throws {
        #expect(try parse(text) == value)
    }

    @Test func `bounds names, numbers, values and depth`() throws {
        let name = { (count: Int) in "{\"\(String(repeating: "n", count: count))\":1}" }
        _ = try parse(name(256))
        #expect(throws: JSONSyntaxError.self) { try parse(name(257)) }
        _ = try parse(String(repeating: "1", count: 300))
        #expect(throws: JSONSyntaxError.self) {
            try parse("0." + String(repeating: "1", count: 1023))
        }
        let items = { (count: Int) in
            ArraySlice("[\([String](repeating: "1", count: count).joined(separator: ","))]".utf8)
        }
        _ = try JSON.parse(items(9), valuesMax: 10)
        #expect(throws: JSONSyntaxError.self) { try JSON.parse(items(10), valuesMax: 10) }
        let nested = { (depth: Int) in
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try parse(nested(65))
        #expect(throws: JSONSyntaxError.self) { try parse(nested(66)) }
    }

    /// `String` takes seconds for each comparison of such a text; see `UTF8Text`.
    @Test func `takes 32 KB of combining marks as bytes`() throws {
        let marks = String(repeating: "\u{301}\u{323}", count: 8 << 10)
        let other = String(repeating: "\u{323}\u{301}", count: 8 << 10)
        let value = try parse("{\"a\":\"\(marks)\",\"b\":[\"\(other)\"]}")
        #expect(value["a"] == .string(marks))
        #expect(value["a"] != .string(other))
        #expect(value["c"] == nil)
        #expect(throws: JSONSyntaxError.self) { try parse("{\"\(marks)\":1}") }
        // Canonically equal names are two names, as they are to every parser that compares bytes.
        #expect(try parse("{\"\u{E9}\":1,\"e\u{301}\":2}")["e\u{301}"] == .integer(2))
    }

    @Test func `shares the memory of strings without escapes`() throws {
        let text = Array(#"["plain","es\u0063aped"]"#.utf8)
        guard case .array(let items) = try JSON.parse(text[...]),
            case .text(let plain) = items.first, case .text(let escaped) = items.last
        else {
            Issue.record("the text is not read as an array of strings")
            return
        }
        #expect(plain.string == "plain" && escaped.string == "escaped")
        // A slice keeps the indices of what it is a slice of.
        #expect(plain.utf8.startIndex == 2)
        #expect(escaped.utf8.startIndex == 0)
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

    @Test func `names what stands twice`() throws {
        let error = try #require(throws: JSONSyntaxError.self) { try parse(#"{"a":1,"\u0061":2}"#) }
        #expect(error.duplicateName == "a")
    }

    @Test func `reads a string of escapes only`() throws {
        let pairs = String(repeating: #"\ud83d\ude00\n"#, count: 1000)
        #expect(try parse("\"\(pairs)\"") == .string(String(repeating: "😀\n", count: 1000)))
    }

    @Test func `refuses to be cut anywhere`() throws {
        let text = Array(#"{"a":[1.5e3,"x\u00e9",true,null],"b":{}}"#.utf8)
        _ = try JSON.parse(text[...])
        for end in 0..<text.count {
            #expect(throws: JSONSyntaxError.self, "cut at \(end)") { try JSON.parse(text[..<end]) }
        }
    }

    @Test func `stops writing when the one who asked for it no longer waits`() throws {
        struct Left: Error {}
        let value = JSON.object([.init("data", .numbers([Double](repeating: 0.5, count: 1 << 20)))])
        var checks = 0
        #expect(throws: Left.self) {
            try value.encode { () throws(Left) in
                checks += 1
                if checks == 3 { throw Left() }
            }
        }
        #expect(checks == 3)
        #expect(value.encode() == value.encode(checking: {}))
    }

    // Long strings are looked at in pieces of 64 KiB, whose ends may be inside a character.
    @Test(arguments: ["\u{E9}", "\u{20AC}", "\u{1F600}", "a\u{1F600}\u{E9}"], 0...4)
    func `reads characters that lie across the pieces of a long string`(
        unit: String, offset: Int
    ) throws {
        let content =
            String(repeating: "x", count: offset)
            + String(repeating: unit, count: 200_000 / unit.utf8.count)
        let text = Array("\"\(content)\"".utf8)
        guard case .text(let read) = try JSON.parse(text[...]) else {
            Issue.record("not a string")
            return
        }
        #expect(read.utf8.elementsEqual(content.utf8))
        for place in [65_535, 65_536, 65_537, 131_073] {
            var damaged = text
            damaged[place] = 0xFF
            #expect(throws: JSONSyntaxError.self) { try JSON.parse(damaged[...]) }
        }
    }
}
