/// A cursor over the header of an npy or safetensors file. It knows tokens, not grammars: the two
/// parsers say what must come next, and nothing here recurses.
struct ByteScanner {
    private let bytes: [UInt8]
    private var position = 0

    /// Copies a header, whose length the caller has limited.
    init(_ header: Span<UInt8>) {
        bytes = unsafe header.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// The next byte that is not whitespace (RFC 8259 §2); `nil` at the end.
    mutating func peek() -> UInt8? {
        while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
        return current
    }

    /// Takes the byte if it comes next, after whitespace.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Takes the word if it comes next, after whitespace.
    mutating func take(word: String) -> Bool {
        _ = peek()
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    /// A decimal number without sign, leading zeros or separators; `nil` if there is none or it
    /// does not fit `Int`.
    mutating func decimal() -> Int? {
        guard let first = peek(), isDigit(first) else { return nil }
        position += 1
        var value = Int(first - UInt8(ascii: "0"))
        while let digit = current, isDigit(digit) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, carry) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard value > 0, !overflow, !carry else { return nil }
            value = next
            position += 1
        }
        return value
    }

    /// The text of a Python string literal in single or double quotes; `nil` for anything else, for
    /// escapes, and for characters that are not printable ASCII.
    mutating func pythonString() -> String? {
        guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            return nil
        }
        position += 1
        let start = position
        while let byte = current, byte != quote {
            guard byte != UInt8(ascii: "\\"), (0x20...0x7E).contains(byte) else { return nil }
            position += 1
        }
        guard current == quote else { return nil }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// The value of a JSON string (RFC 8259 §7); `nil` for anything else, for control characters,
    /// unknown escapes and lone surrogates. The header is known to be UTF-8.
    mutating func jsonString() -> String? {
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text.append(contentsOf: String(scalar).utf8)
            case ..<0x20:
                return nil
            default:
                text.append(byte)
            }
        }
        return nil
    }

    /// What follows a backslash.
    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = current else { return nil }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return unicodeEscape()
        default: return nil
        }
    }

    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let unit = hexadecimal4() else { return nil }
        guard (0xD800...0xDBFF).contains(unit) else { return Unicode.Scalar(unit) }
        guard bytes[position...].starts(with: "\\u".utf8) else { return nil }
        position += 2
        guard let low = hexadecimal4(), (0xDC00...0xDFFF).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func hexadecimal4() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current,
                let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { return nil }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
