// `value; name=token; name="quoted"`: Content-Type and Content-Disposition, RFC 9110 §5.6.6.

/// A field value with its parameters.
struct HeaderParameters {
    /// What stands before the first semicolon, in lower case. Octets: a client's until compared.
    private let value: [UInt8]
    private let parameters: [(name: String, value: [UInt8])]

    /// nil when the syntax is broken: an unclosed quote, a missing `=`, an empty name.
    init?(parsing bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        let end = bytes.firstIndex(of: UInt8(ascii: ";")) ?? bytes.endIndex
        value = ASCII.trimmed(bytes[..<end]).map(ASCII.lowercased)
        var rest = bytes[end...]
        var parameters: [(name: String, value: [UInt8])] = []
        while rest.popFirst() == UInt8(ascii: ";") {
            Self.skipWhitespace(&rest)
            // RFC 9110 §5.6.6 allows empty parameters: `a;;b=c;`.
            if rest.isEmpty || rest.first == UInt8(ascii: ";") { continue }
            guard let parameter = Self.parameter(&rest) else { return nil }
            parameters.append(parameter)
            Self.skipWhitespace(&rest)
            guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
        }
        self.parameters = parameters
    }

    /// Whether this lower-case text stands before the first semicolon.
    func hasValue(_ value: String) -> Bool { self.value.elementsEqual(value.utf8) }

    /// The values of a parameter, by its lower-case name.
    subscript(name: String) -> [[UInt8]] {
        parameters.filter { $0.name == name }.map(\.value)
    }

    private static func parameter(_ rest: inout ArraySlice<UInt8>) -> (String, [UInt8])? {
        let name = rest.prefix(while: ASCII.isTokenByte)
        rest.removeFirst(name.count)
        guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { return nil }
        let value: [UInt8]
        if rest.first == UInt8(ascii: "\"") {
            guard let quoted = quotedString(&rest) else { return nil }
            value = quoted
        } else {
            value = Array(
                rest.prefix { !ASCII.isWhitespace($0) && $0 != UInt8(ascii: ";") })
            rest.removeFirst(value.count)
        }
        return (String(decoding: name.map(ASCII.lowercased), as: UTF8.self), value)
    }

    private static func quotedString(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        rest.removeFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return value
            // Only what must be escaped: Internet Explorer sends bare backslashes in paths.
            case UInt8(ascii: "\\") where rest.first == UInt8(ascii: "\"") || rest.first == byte:
                value.append(rest.removeFirst())
            default: value.append(byte)
            }
        }
        return nil
    }

    private static func skipWhitespace(_ rest: inout ArraySlice<UInt8>) {
        while let first = rest.first, ASCII.isWhitespace(first) { rest.removeFirst() }
    }
}
