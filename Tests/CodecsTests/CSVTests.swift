import Codecs
import Testing

struct CSVTests {
    /// The records of a text that comes in chunks of so many bytes.
    private func rows(_ text: [UInt8], chunk: Int) throws -> [CSVRow] {
        var rest = text[...]
        var reader = CSVReader {
            defer { rest = rest.dropFirst(chunk) }
            return Array(rest.prefix(chunk))
        }
        var rows: [CSVRow] = []
        while let row = try reader.next() { rows.append(row) }
        return rows
    }

    private func fields(_ text: String) throws -> [[String]] {
        try rows(Array(text.utf8), chunk: 1 << 16).map(\.fields)
    }

    @Test(arguments: [
        // The rules of RFC 4180 §2, in their order.
        ("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", [["aaa", "bbb", "ccc"], ["zzz", "yyy", "xxx"]]),
        ("aaa,bbb\r\nzzz,yyy", [["aaa", "bbb"], ["zzz", "yyy"]]),
        ("a b, c ,\r\n", [["a b", " c ", ""]]),
        ("\"aaa\",\"bbb\",ccc\r\n", [["aaa", "bbb", "ccc"]]),
        ("\"aaa\",\"b\r\nbb\",\"c,c\"\r\nz,y,x", [["aaa", "b\r\nbb", "c,c"], ["z", "y", "x"]]),
        ("\"a\"\"b\",\"\"\"\",\"\"\r\n", [["a\"b", "\"", ""]]),
        // What files have beside it.
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]), ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
        ("\u{FEFF}a,b\n", [["a", "b"]]), ("\u{FEFF}\"a\",b\n", [["a", "b"]]),
        ("\r\n\na\n\n\nb\r\n\r\n", [["a"], ["b"]]), ("", []), ("\u{FEFF}", []),
        ("a,\u{FEFF}b\n", [["a", "\u{FEFF}b"]]), (",\n", [["", ""]]),
        ("\"x\ny\"\n", [["x\ny"]]), ("Ü,日本\n", [["Ü", "日本"]]),
    ])
    func `reads records`(text: String, expected: [[String]]) throws {
        for chunk in [1, 2, 3, 5, 1 << 16] {
            let found = try rows(Array(text.utf8), chunk: chunk)
            #expect(found.map(\.fields) == expected, "chunks of \(chunk)")
            #expect(found.allSatisfy { $0.fault == nil })
        }
    }

    @Test(arguments: [
        ("a\"b,c\nd,e", [CSVFault.quoteInPlainField, nil]),
        ("\"a\"b,c\nd,e", [.textAfterQuote, nil]),
        ("a\n\"b,c\nd,e", [nil, .unclosedQuote]), ("\"a\" ,c\nd", [.textAfterQuote, nil]),
    ])
    func `says what is wrong with a record, and goes on behind it`(
        text: String, faults: [CSVFault?]
    ) throws {
        for chunk in [1, 1 << 16] {
            #expect(try rows(Array(text.utf8), chunk: chunk).map(\.fault) == faults)
        }
    }

    @Test func `refuses bytes that are not UTF-8, and those alone`() throws {
        let found = try rows(Array("a\n".utf8) + [0xFF, 0x2C, 0x62, 0x0A, 0x63], chunk: 1)
        #expect(found.map(\.fault) == [nil, .notUTF8, nil])
        // The first octets of a mark that is none.
        #expect(try rows([0xEF, 0xBB, 0x61], chunk: 1).map(\.fault) == [.notUTF8])
    }

    @Test func `stops at a record that is longer than any`() throws {
        let text = Array("a\n\"".utf8) + [UInt8](repeating: 0x78, count: 2 << 20) + [0x0A, 0x62]
        let found = try rows(text, chunk: 1 << 16)
        #expect(found.map(\.fault) == [nil, .tooLong(bytesMax: CSVReader.rowBytesMax)])
    }

    @Test func `counts lines as an editor does`() throws {
        let found = try rows(Array("a\r\n\r\n\"b\r\nc\nd\",e\rf\n\"g".utf8), chunk: 1)
        #expect(found.map(\.lines) == [1...1, 3...5, 6...6, 7...7])
    }

    @Test(arguments: [
        (["a", "b"], "a,b\r\n"), (["a,b", "c\"d"], "\"a,b\",\"c\"\"d\"\r\n"),
        (["", ""], ",\r\n"), (["a\nb", "c\rd"], "\"a\nb\",\"c\rd\"\r\n"),
        (["\"", "\r\n"], "\"\"\"\",\"\r\n\"\r\n"),
    ])
    func `writes what it reads`(record: [String], text: String) throws {
        // Characters are not octets: CRLF is one of them.
        #expect(Array(CSVRow.text(record).utf8) == Array(text.utf8))
        #expect(try fields(text) == [record])
    }
}
