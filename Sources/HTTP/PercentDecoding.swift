// Percent-decoding, RFC 3986 §2.1.

enum PercentDecoding {
    /// Decodes the triplets of ASCII characters (and `+` as a space in a query); those of other
    /// octets stay, in upper case (RFC 3986 §6.2.2.1), so that the text is ASCII, which `String`
    /// compares in linear time (see `ASCII`).
    ///
    /// nil when a triplet is not hexadecimal, when the octets are not UTF-8, or when one is NUL,
    /// which no name of ours holds and which C would take for the end.
    static func decode(_ bytes: some Sequence<UInt8>, plusIsSpace: Bool) -> String? {
        var decoded: [UInt8] = []
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(ASCII.hexValue),
                    let low = iterator.next().flatMap(ASCII.hexValue),
                    high | low != 0
                else { return nil }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? ASCII.space : byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { return nil }
        guard decoded.contains(where: { $0 >= 0x80 }) else { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        let encoded = decoded.flatMap { byte -> [UInt8] in
            byte < 0x80
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
