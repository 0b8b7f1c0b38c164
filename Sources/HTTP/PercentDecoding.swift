// Percent-decoding, RFC 3986 §2.1.

enum PercentDecoding {
    /// Decodes `%XX` (and `+` as a space in a query) to a string.
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
        return String(validating: decoded, as: UTF8.self)
    }
}
