extension Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Some 100 µs of work.
    private static let groupsBetweenLooks = 1 << 14

    /// The text that encodes bytes.
    public static func encode(_ bytes: [UInt8]) -> String { encode(bytes, checking: {}) }

    /// The same.
    /// - Throws: what `check` throws, which is asked again and again.
    public static func encode<Failure: Error>(
        _ bytes: [UInt8], checking check: () throws(Failure) -> Void
    ) throws(Failure) -> String {
        let groups = (bytes.count + 2) / 3
        var failure: Failure?
        let text = unsafe String(unsafeUninitializedCapacity: 4 * groups) { text in
            let alphabet = alphabet
            for first in stride(from: 0, to: groups, by: groupsBetweenLooks) {
                do throws(Failure) {
                    try check()
                } catch {
                    failure = error
                    return 0
                }
                for group in first..<min(first + groupsBetweenLooks, groups) {
                    let at = 3 * group
                    var bits = Int(bytes[at]) << 16
                    let left = bytes.count - at
                    if left > 1 { bits |= Int(bytes[at + 1]) << 8 }
                    if left > 2 { bits |= Int(bytes[at + 2]) }
                    for place in 0..<4 {
                        unsafe text[4 * group + place] =
                            place <= left
                            ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "=")
                    }
                }
            }
            return 4 * groups
        }
        if let failure { throw failure }
        return text
    }
}
