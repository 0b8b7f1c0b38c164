extension JSON {
    /// The value as UTF-8 text on one line.
    public func encode() -> [UInt8] {
        encode(checking: {})
    }

    /// The same, asking every few thousand items whether to go on: a text of numbers may be long.
    public func encode<Failure>(
        checking check: () throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        var text: [UInt8] = []
        try append(to: &text, check)
        return text
    }

    /// Items between two checks: well under a millisecond of numbers.
    private static let itemsPerCheck = 4096
    private static let bytesPerCheck = 1 << 16

    private func append<Failure>(
        to text: inout [UInt8], _ check: () throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += value.description.utf8
        case .number(let value): JSON.append(value, to: &text)
        case .text(let value): try JSON.append(value, to: &text, check)
        case .array(let items):
            try JSON.appendList(items, between: ("[", "]"), to: &text, check) {
                (item, text) throws(Failure) in try item.append(to: &text, check)
            }
        case .numbers(let items):
            try JSON.appendList(items, between: ("[", "]"), to: &text, check) {
                (item, text) throws(Failure) in JSON.append(item, to: &text)
            }
        case .object(let members):
            try JSON.appendList(members, between: ("{", "}"), to: &text, check) {
                (member, text) throws(Failure) in
                try JSON.append(member.name, to: &text, check)
                text.append(UInt8(ascii: ":"))
                try member.value.append(to: &text, check)
            }
        }
    }

    private static func appendList<Item, Failure>(
        _ items: [Item], between brackets: (String, String), to text: inout [UInt8],
        _ check: () throws(Failure) -> Void,
        _ appendItem: (Item, inout [UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        text += brackets.0.utf8
        for (index, item) in items.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            if index % itemsPerCheck == itemsPerCheck - 1 { try check() }
            try appendItem(item, &text)
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
    private static func append<Failure>(
        _ value: UTF8Text, to text: inout [UInt8], _ check: () throws(Failure) -> Void
    ) throws(Failure) {
        var untilCheck = bytesPerCheck
        let digits = Array("0123456789abcdef".utf8)
        text.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            untilCheck -= 1
            if untilCheck == 0 {
                try check()
                untilCheck = bytesPerCheck
            }
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
