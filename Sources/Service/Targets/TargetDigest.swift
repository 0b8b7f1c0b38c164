import Crypto
import HTTP

/// The name of a target: `sha256:` and the 64 hexadecimal digits of its bytes' SHA-256 (FIPS
/// 180-4).
struct TargetDigest: Sendable, Hashable, CustomStringConvertible {
    private static let prefix = "sha256:"

    /// 64 digits in lower case.
    let hexadecimal: String

    var description: String { Self.prefix + hexadecimal }

    /// The digest of a payload.
    ///
    /// - Parameter isCancelled: asked every few hundred microseconds; once true, `deadline_exceeded`
    ///   is thrown.
    init(of payload: Payload, isCancelled: () -> Bool) throws(ServiceError) {
        var hash = SHA256()
        let range = payload.range
        for start in stride(
            from: range.lowerBound, to: range.upperBound, by: Intake.bytesBetweenLooks)
        {
            guard !isCancelled() else { throw .deadlineExceeded }
            let end = min(start + Intake.bytesBetweenLooks, range.upperBound)
            unsafe payload.bytes.withUnsafeBytes { bytes in
                unsafe hash.update(
                    bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
        }
        hexadecimal = Hexadecimal.text(hash.finalize())
    }

    /// The digest a client names.
    init(parsing text: some Collection<UInt8>) throws(ServiceError) {
        let digits = text.dropFirst(Self.prefix.utf8.count).map(ASCII.lowercased)
        guard text.starts(with: Self.prefix.utf8), digits.count == 64,
            digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else {
            throw ServiceError(
                .badRequest,
                "A target is named sha256: and the 64 hexadecimal digits of its bytes' SHA-256, not "
                    + "\(Excerpt.quoted(text)).")
        }
        hexadecimal = String(decoding: digits, as: UTF8.self)
    }
}

extension SHA256 {
    /// The digest in lower-case hexadecimal.
    static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        unsafe hash.update(bufferPointer: bytes)
        return Hexadecimal.text(hash.finalize())
    }
}
