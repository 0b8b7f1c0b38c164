import Codecs

/// What a client sent, fit to stand in a sentence: so that it names what was wrong.
enum Excerpt {
    private static let charactersMax = 64

    /// Between quotes, at most 64 characters, `?` for each that is not printable ASCII.
    static func quoted(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        var rest = bytes[...]
        while text.utf8.count < charactersMax, let byte = rest.popFirst() {
            // A character of several bytes counts by its first.
            guard byte & 0xC0 != 0x80 else { continue }
            text.unicodeScalars.append((0x20...0x7E).contains(byte) ? Unicode.Scalar(byte) : "?")
        }
        return "\"\(text)\(rest.isEmpty ? "" : "...")\""
    }

    static func quoted(_ text: String) -> String { quoted(text.utf8) }
    static func quoted(_ text: UTF8Text) -> String { quoted(text.utf8) }

    /// " (did you mean relu1_1?)", or nothing.
    static func suggestion(_ text: String?, of words: [String]) -> String {
        text?.nearest(of: words).map { " (did you mean \($0)?)" } ?? ""
    }
}
