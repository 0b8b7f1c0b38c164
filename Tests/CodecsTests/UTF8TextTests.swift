import Codecs
import Testing

struct UTF8TextTests {
    @Test func `compares and hashes octets`() {
        let composed: UTF8Text = "\u{E9}"
        let decomposed: UTF8Text = "e\u{301}"
        #expect(composed.string == decomposed.string)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, "\u{E9}"]).count == 2)
        #expect(composed.equals("\u{E9}") && !composed.equals("e\u{301}") && !composed.equals(""))
    }

    @Test func `is equal wherever its bytes lie`() {
        let bytes = Array("xabcx".utf8)
        let inner = UTF8Text(validated: bytes[1..<4])
        #expect(inner == "abc" && inner.hashValue == UTF8Text("abc").hashValue)
        #expect("\(inner)" == "abc")
    }

    @Test(arguments: [
        ("output.pool1", true), ("", true), ("a b", true), ("\u{7F}", false), ("\n", false),
        ("é", false), ("a\u{301}", false), (String(repeating: "n", count: 256), true),
        (String(repeating: "n", count: 257), false),
    ])
    func `may be a name when it is short and printable ASCII`(text: String, isName: Bool) {
        #expect(UTF8Text(text).name == (isName ? text : nil))
    }

    @Test func `shows no more than 64 printable characters`() {
        #expect(UTF8Text("a\u{1B}[31mé\n").printable == "a?[31m??")
        #expect(UTF8Text(String(repeating: "x", count: 100)).printable.count == 64)
    }
}
