/// A cursor over the Python literal of an npy header. It knows tokens, not grammars: its user says
/// what must come next, and nothing here recurses.
struct PythonLiteralScanner {
    private let bytes: [UInt8]
    private var position = 0

    /// Copies a header, whose length the caller has limited.
    init(_ header: Span<UInt8>) {
        bytes = unsafe header.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// The next byte that is not whitespace; `nil` at the end.
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

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
