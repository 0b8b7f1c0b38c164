// What may stand behind a chunk size, RFC 9112 §7.1.1.

/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`.
enum ChunkExtensions {
    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard takes(UInt8(ascii: ";"), from: &rest), takesToken(from: &rest) else {
                return false
            }
            var value = rest
            guard takes(UInt8(ascii: "="), from: &value) else { continue }
            guard takesToken(from: &value) || takesQuotedString(from: &value) else { return false }
            rest = value
        }
        return true
    }

    /// A delimiter between optional spaces.
    private static func takes(_ delimiter: UInt8, from rest: inout ArraySlice<UInt8>) -> Bool {
        let found = rest.drop(while: ASCII.isWhitespace)
        guard found.first == delimiter else { return false }
        rest = found.dropFirst().drop(while: ASCII.isWhitespace)
        return true
    }

    private static func takesToken(from rest: inout ArraySlice<UInt8>) -> Bool {
        let token = rest.prefix(while: ASCII.isTokenByte)
        rest = rest[token.endIndex...]
        return !token.isEmpty
    }

    /// RFC 9110 §5.6.4; a line has no control characters by then.
    private static func takesQuotedString(from rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: "\"") else { return false }
        var index = rest.startIndex + 1
        while index < rest.endIndex {
            if rest[index] == UInt8(ascii: "\"") {
                rest = rest[(index + 1)...]
                return true
            }
            index += rest[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return false
    }
}
