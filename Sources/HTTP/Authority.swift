// The value of Host and the authority of an absolute-form target, RFC 9110 §7.2.

enum Authority {
    /// Whether the bytes are `uri-host [ ":" port ]` with a host that is not empty
    /// (RFC 9110 §4.2.1). User information is not part of it and is refused (§4.2.4).
    static func isValid(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        let afterHost =
            first == UInt8(ascii: "[") ? endOfLiteral(bytes) : endOfName(bytes)
        guard let afterHost, afterHost != bytes.startIndex else { return false }
        let rest = bytes[afterHost...]
        guard let colon = rest.first else { return true }
        guard colon == UInt8(ascii: ":") else { return false }
        let port = rest.dropFirst()
        return port.isEmpty || (ASCII.decimal(port).map { $0 <= 65535 } ?? false)
    }

    /// reg-name or IPv4address, RFC 3986 §3.2.2.
    private static func endOfName<Bytes: BidirectionalCollection<UInt8>>(
        _ bytes: Bytes
    ) -> Bytes.Index? {
        bytes.firstIndex { !isNameByte($0) } ?? bytes.endIndex
    }

    /// IP-literal, RFC 3986 §3.2.2: `[` IPv6address or IPvFuture `]`.
    private static func endOfLiteral<Bytes: BidirectionalCollection<UInt8>>(
        _ bytes: Bytes
    ) -> Bytes.Index? {
        guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let literal = bytes[..<close].dropFirst()
        guard !literal.isEmpty,
            literal.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: ":") })
        else { return nil }
        return bytes.index(after: close)
    }

    /// unreserved, sub-delims and the percent sign of a triplet.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "%"):
            true
        default: ASCII.isDigit(byte) || ASCII.isLetter(byte)
        }
    }
}
