import HTTP
import Testing

@Suite struct LineReaderTests {
    /// The lines of some bytes, fed in pieces of a size, and what ended them.
    private func read(_ text: String, by size: Int, lineBytesMax: Int = 100) -> [String] {
        var (reader, seen) = (LineReader(), [String]())
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            var offset = 0
            while offset < piece.count {
                switch reader.read(piece.span, from: &offset, lineBytesMax: lineBytesMax) {
                case .needMore: break
                case .line: seen.append(String(decoding: reader.line, as: UTF8.self))
                case .tooLong: return seen + ["too long"]
                case .malformed(let reason): return seen + [reason]
                }
            }
        }
        return seen + [reader.isInsideLine ? "inside" : "between"]
    }

    @Test(
        arguments: [
            ("a\r\nbc\r\n\r\n", ["a", "bc", "", "between"]), ("a\r\nb", ["a", "inside"]),
            ("a\r", ["inside"]), ("", ["between"]), ("a\tb \r\n", ["a\tb ", "between"]),
            ("\u{FF}\r\n", ["\u{FF}", "between"]),
            ("a\n", ["A line must end with CRLF."]), ("\n", ["A line must end with CRLF."]),
            ("a\rb\r\n", ["A carriage return must be followed by a line feed."]),
            ("a\r\r\n", ["A carriage return must be followed by a line feed."]),
            ("a\0b\r\n", ["Control characters are not allowed here."]),
            ("a\u{7F}\r\n", ["Control characters are not allowed here."]),
        ], [1, 2, 3, 100])
    func `reads lines whatever pieces they come in`(
        _ test: (text: String, seen: [String]), by size: Int
    ) {
        #expect(read(test.text, by: size) == test.seen)
    }

    @Test(arguments: [1, 3, 100])
    func `takes a line as long as it may be`(by size: Int) {
        #expect(read("abcd\r\n", by: size, lineBytesMax: 4) == ["abcd", "between"])
        #expect(read("abcde\r\n", by: size, lineBytesMax: 4) == ["too long"])
        // The limit is of a line, not of all.
        #expect(
            read("abcd\r\nefgh\r\n", by: size, lineBytesMax: 4) == ["abcd", "efgh", "between"])
    }
}
