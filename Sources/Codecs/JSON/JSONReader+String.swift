extension JSONReader {
    /// A string (RFC 8259 §7); without escapes it shares the memory of the text.
    mutating func string() throws(JSONSyntaxError) -> UTF8Text {
        guard take("\"") else { throw error("expected a string in quotes") }
        let start = position
        try skipPlain()
        guard next != UInt8(ascii: "\"") else {
            defer { position += 1 }
            return UTF8Text(validated: text[start..<position])
        }
        return try unescaped(from: start)
    }

    /// The rest of a string that has an escape, or a fault, at the current position.
    private mutating func unescaped(from start: Int) throws(JSONSyntaxError) -> UTF8Text {
        var bytes = [UInt8](text[start..<position])
        while true {
            switch next {
            case UInt8(ascii: "\""):
                position += 1
                return UTF8Text(validated: bytes[...])
            case UInt8(ascii: "\\"): try appendEscape(to: &bytes)
            case nil: throw error("the text ends inside a string")
            default: throw error("a control character in a string")
            }
            let run = position
            try skipPlain()
            bytes += text[run..<position]
        }
    }

    /// Goes to the next quote, escape or control character.
    private mutating func skipPlain() throws(JSONSyntaxError) {
        repeat { look() } while try skipPlainPiece()
    }

    /// False at such a character and at the end of the text.
    private mutating func skipPlainPiece() throws(JSONSyntaxError) -> Bool {
        let slice = text[position...].prefix(Self.bytesBetweenLooks)
        let rest = slice.span
        var count = 0
        var bits: UInt8 = 0
        while count < rest.count {
            let byte = rest[count]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            bits |= byte
            count += 1
        }
        let goesOn = count == Self.bytesBetweenLooks
        if bits >= 0x80 {
            if goesOn { count -= Self.unfinished(rest) }
            do {
                _ = try UTF8Span(validating: rest.extracting(0..<count))
            } catch {
                throw self.error("not UTF-8")
            }
        }
        position += count
        return goesOn
    }

    /// Bytes at the end that begin a character and do not end it (RFC 3629 §3).
    private static func unfinished(_ bytes: Span<UInt8>) -> Int {
        for count in 1...3 {
            let byte = bytes[bytes.count - count]
            if byte & 0xC0 == 0x80 { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > count ? count : 0
        }
        return 0
    }

    private mutating func appendEscape(to bytes: inout [UInt8]) throws(JSONSyntaxError) {
        position += 1
        guard let byte = next else { throw error("the text ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): bytes += try unicodeEscape().utf8
        default: throw error("an unknown escape")
        }
    }

    /// RFC 8259 §7: beyond U+FFFF a pair of surrogates; one alone names no character.
    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let high = try hexadecimal()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, text[position...].starts(with: "\\u".utf8) else {
            throw error("half of a surrogate pair")
        }
        position += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw error("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next.flatMap(Self.hexadecimalValue) else {
                throw error("expected four hexadecimal digits")
            }
            code = code << 4 | digit
            position += 1
        }
        return code
    }

    private static func hexadecimalValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte) - 0x61 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte) - 0x41 + 10
        default: nil
        }
    }
}
