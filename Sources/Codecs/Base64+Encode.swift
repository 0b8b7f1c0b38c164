extension Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text that encodes bytes.
    public static func encode(_ bytes: [UInt8]) -> String {
        let count = (bytes.count + 2) / 3 * 4
        return unsafe String(unsafeUninitializedCapacity: count) { text in
            let alphabet = alphabet
            for group in 0..<count / 4 {
                let at = 3 * group
                var bits = Int(bytes[at]) << 16
                let left = bytes.count - at
                if left > 1 { bits |= Int(bytes[at + 1]) << 8 }
                if left > 2 { bits |= Int(bytes[at + 2]) }
                for place in 0..<4 {
                    unsafe text[4 * group + place] =
                        place <= left ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "=")
                }
            }
            return count
        }
    }
}
