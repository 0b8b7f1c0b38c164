/// The octets and octet classes of the HTTP grammar (RFC 5234 B.1, RFC 9110 §5.6).
///
/// Text from outside is compared and cut with these, octet by octet. `String` compares by canonical
/// equivalence and counts by grapheme clusters, both in time quadratic in runs of combining marks
/// or regional indicators: seconds for 32 KB of them.
public enum ASCII {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20

    /// RFC 5234 §B.1, DIGIT.
    public static func isDigit(_ byte: UInt8) -> Bool {
        byte >= 0x30 && byte <= 0x39
    }

    /// RFC 5234 §B.1, ALPHA.
    public static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
    }

    /// VCHAR: what prints and is not a space.
    static func isVisible(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F
    }

    /// CTL without HTAB: never allowed inside a line (RFC 9110 §5.5).
    static func isControl(_ byte: UInt8) -> Bool {
        (byte < 0x20 && byte != tab) || byte == 0x7F
    }

    /// OWS: SP and HTAB (RFC 9110 §5.6.3).
    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == space || byte == tab
    }

    /// tchar (RFC 9110 §5.6.2).
    public static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
            UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: isDigit(byte) || isLetter(byte)
        }
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The lower case of a letter; every other octet as it is.
    public static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    /// Case-insensitive comparison with a lower-case word.
    public static func equals(_ bytes: some Sequence<UInt8>, _ lowercaseWord: String) -> Bool {
        bytes.lazy.map(lowercased).elementsEqual(lowercaseWord.utf8)
    }

    /// The bytes without OWS at both ends.
    public static func trimmed<Bytes>(_ bytes: Bytes) -> Bytes.SubSequence
    where Bytes: BidirectionalCollection<UInt8> {
        var slice = bytes[...]
        while let first = slice.first, isWhitespace(first) { slice.removeFirst() }
        while let last = slice.last, isWhitespace(last) { slice.removeLast() }
        return slice
    }

    /// 1*DIGIT as a number: nil when it is anything else, `Int.max` when it does not fit.
    public static func decimal(_ bytes: some Collection<UInt8>) -> Int? {
        guard !bytes.isEmpty, bytes.allSatisfy(isDigit) else { return nil }
        var value = 0
        for byte in bytes {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte & 0x0F))
            if overflow || carry { return .max }
            value = sum
        }
        return value
    }
}
