extension JSON {
    /// The value as UTF-8 text on one line.
    public func encode() -> [UInt8] {
        var text: [UInt8] = []
        append(to: &text)
        return text
    }

    private func append(to text: inout [UInt8]) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += value.description.utf8
        case .number(let value): JSON.append(value, to: &text)
        case .text(let value): JSON.append(value, to: &text)
        case .array(let items):
            JSON.appendList(items, between: ("[", "]"), to: &text) { $0.append(to: &$1) }
        case .numbers(let items):
            JSON.appendList(items, between: ("[", "]"), to: &text) { JSON.append($0, to: &$1) }
        case .object(let members):
            JSON.appendList(members, between: ("{", "}"), to: &text) { member, text in
                JSON.append(member.name, to: &text)
                text.append(UInt8(ascii: ":"))
                member.value.append(to: &text)
            }
        }
    }

    private static func appendList<Item>(
        _ items: [Item], between brackets: (String, String), to text: inout [UInt8],
        _ appendItem: (Item, inout [UInt8]) -> Void
    ) {
        text += brackets.0.utf8
        for (index, item) in items.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            appendItem(item, &text)
        }
        text += brackets.1.utf8
    }

    /// Swift prints the shortest decimal that reads back as the same double; a whole number loses
    /// its `.0`.
    ///
    /// RFC 8259 §6 has no NaN and no infinity. Results are checked long before; should one slip
    /// through, null is the answer no client mistakes for a loss.
    private static func append(_ value: Double, to text: inout [UInt8]) {
        guard value.isFinite else {
            text += "null".utf8
            return
        }
        let decimal = value.description
        text += (decimal.hasSuffix(".0") ? decimal.dropLast(2) : decimal[...]).utf8
    }

    /// RFC 8259 §7: the quote, the backslash and U+0000…U+001F must be escaped, everything else may
    /// stand as it is.
    private static func append(_ value: UTF8Text, to text: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        text.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): text += "\\\"".utf8
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case UInt8(ascii: "\n"): text += "\\n".utf8
            case UInt8(ascii: "\r"): text += "\\r".utf8
            case UInt8(ascii: "\t"): text += "\\t".utf8
            case 0..<0x20: text += "\\u00".utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
