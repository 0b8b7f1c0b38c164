/// Why a base64 text was refused.
public enum Base64Error: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text has a length that is not a multiple of 4.
    case length
    /// The character at this offset is not of the alphabet, or is padding before the end.
    case character(offset: Int)
    /// The bits beyond the last byte are not zero.
    case trailingBits
    /// Nobody waits for the bytes any more.
    case cancelled

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .length:
            "The base64 text has a length that is not a multiple of 4;"
                + " send standard base64, padded and without line breaks."
        case .character(let offset):
            "The base64 text has a character at offset \(offset) that does not belong there;"
                + " send standard base64 (A-Z a-z 0-9 + /, padded with =) without line breaks."
        case .trailingBits:
            "The base64 text ends in bits that belong to no byte; encode the data again."
        case .cancelled: "The base64 text was not decoded in time."
        }
    }
}

/// Base64 as RFC 4648 §4 defines it and nothing else: the standard alphabet, always padded, no
/// whitespace, no `data:` prefix, and zero pad bits (§3.5), so a byte sequence has one encoding.
public enum Base64 {
    /// Bytes that a text of so many characters decodes to at most.
    public static func decodedByteCountMax(_ characters: Int) -> Int { characters / 4 * 3 }

    /// The bytes that ASCII `text` encodes, none for the empty text; memory taken is 3/4 of its
    /// length.
    ///
    /// - Parameter isCancelled: asked before each 256 KiB; once it says true, `cancelled` is thrown.
    public static func decode(
        _ text: Span<UInt8>, isCancelled: () -> Bool = { false }
    ) throws(Base64Error) -> [UInt8] {
        guard text.count.isMultiple(of: 4) else { throw .length }
        guard !text.isEmpty else { return [] }
        let padding = text[text.count - 1] != pad ? 0 : text[text.count - 2] != pad ? 1 : 2
        let wholeCount = text.count - (padding > 0 ? 4 : 0)
        var invalid: UInt8 = 0
        var wasCancelled = false
        var bytes = unsafe [UInt8](unsafeUninitializedCapacity: decodedByteCountMax(text.count)) {
            out, count in
            unsafe text.withUnsafeBufferPointer { text in
                unsafe values.withUnsafeBufferPointer { values in
                    for block in stride(from: 0, to: wholeCount, by: charactersBetweenLooks) {
                        wasCancelled = isCancelled()
                        guard !wasCancelled && invalid < 64 else { return }
                        let end = min(block + charactersBetweenLooks, wholeCount)
                        for start in stride(from: block, to: end, by: 4) {
                            let a = unsafe values[Int(text[start])]
                            let b = unsafe values[Int(text[start + 1])]
                            let c = unsafe values[Int(text[start + 2])]
                            let d = unsafe values[Int(text[start + 3])]
                            unsafe out[count] = a << 2 | b >> 4
                            unsafe out[count + 1] = b << 4 | c >> 2
                            unsafe out[count + 2] = c << 6 | d
                            count += 3
                            invalid |= a | b | c | d
                        }
                    }
                }
            }
        }
        guard !wasCancelled else { throw .cancelled }
        guard invalid < 64 else {
            throw .character(offset: firstInvalid(text, in: 0..<wholeCount))
        }
        if padding > 0 { bytes += try lastBytes(text, padding: padding) }
        return bytes
    }

    /// The one or two bytes of a padded last quantum.
    private static func lastBytes(
        _ text: Span<UInt8>, padding: Int
    ) throws(Base64Error) -> [UInt8] {
        let digits = text.count - 4..<text.count - padding
        let invalid = firstInvalid(text, in: digits)
        guard invalid == digits.upperBound else { throw .character(offset: invalid) }
        let bits = digits.reduce(UInt32(0)) { $0 << 6 | UInt32(values[Int(text[$1])]) }
        // Two digits carry 12 bits for one byte, three carry 18 for two.
        let unused = padding == 1 ? UInt32(2) : 4
        guard bits & (1 << unused - 1) == 0 else { throw .trailingBits }
        let whole = bits >> unused
        return padding == 1
            ? [UInt8(whole >> 8), UInt8(whole & 0xFF)] : [UInt8(whole)]
    }

    /// The offset of the first character in the range that is no digit; the range's end if none.
    private static func firstInvalid(_ text: Span<UInt8>, in range: Range<Int>) -> Int {
        range.first { values[Int(text[$0])] == invalidValue } ?? range.upperBound
    }

    /// A multiple of 4: some 100 µs of work.
    private static let charactersBetweenLooks = 1 << 18

    private static let pad = UInt8(ascii: "=")
    private static let invalidValue: UInt8 = 0xFF

    /// The value of each byte as a digit (RFC 4648 table 1), 0xFF for bytes that are none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalidValue, count: 256)
        let alphabet =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, character) in alphabet.utf8.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        return values
    }()
}
