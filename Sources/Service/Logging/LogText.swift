import Codecs

/// Text from outside, made harmless: it must not forge a line or a field, nor drive a terminal.
enum LogText {
    /// A value in JSON, the form of values in text lines as well: a string stands in quotes, with
    /// its own quotes and backslashes escaped, so that it cannot end early and begin another field.
    static func json(_ value: JSON) -> String {
        escaping(String(decoding: value.encode(), as: UTF8.self)) { scalar in
            // RFC 8259 §7: a character beyond U+FFFF is two escapes, of its surrogates.
            UTF16.encode(scalar).map { units in units.map(escape).joined() } ?? ""
        }
    }

    /// A text without quotes round it: the message, which is ours.
    static func plain(_ text: String) -> String { escaping(text) { escape(UInt32($0)) } }

    /// Every character that a terminal or a viewer of logs may act on instead of showing it:
    /// controls (C0, DEL, C1), line and paragraph separators, formats such as the turns of
    /// direction, and what is not assigned to any character.
    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        guard !(0x20...0x7E).contains(scalar.value) else { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
            .unassigned:
            return true
        default: return false
        }
    }

    private static func escaping(
        _ text: String, with escape: (Unicode.Scalar) -> String
    ) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var clean = ""
        for scalar in text.unicodeScalars {
            if isHarmful(scalar) {
                clean += escape(scalar)
            } else {
                clean.unicodeScalars.append(scalar)
            }
        }
        return clean
    }

    private static func escape(_ unit: some UnsignedInteger) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
