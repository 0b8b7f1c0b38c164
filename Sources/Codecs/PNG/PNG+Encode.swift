// The other Swift file that imports libpng's shim, to write.

import CPNG

extension PNG {
    /// An RGB image of 8 bits as a PNG file; `rgb` is (height, width, 3), and no side is 0.
    ///
    /// - Parameter check: called before each row; what it throws ends the work.
    /// - Throws: what `check` throws.
    /// - Returns: nil when the system does not give libpng its memory.
    public static func encode<Failure: Error>(
        width: Int, height: Int, rgb: [UInt8], checking check: () throws(Failure) -> Void
    ) throws(Failure) -> [UInt8]? {
        precondition(width > 0 && height > 0 && rgb.count == 3 * width * height)
        precondition(width < 1 << 31 && height < 1 << 31)
        let (columns, rows) = (UInt32(width), UInt32(height))
        let bytesMax = cpng_encoded_bytes_max(columns, rows)
        var failure: Failure?
        let file = unsafe [UInt8](unsafeUninitializedCapacity: bytesMax) { bytes, count in
            guard let base = bytes.baseAddress,
                let encoder = unsafe cpng_encoder_create(columns, rows, base, bytesMax)
            else { return }
            defer { unsafe cpng_encoder_destroy(encoder) }
            do throws(Failure) {
                for row in 0..<height {
                    try check()
                    let samples = rgb.span.extracting(3 * width * row..<3 * width * (row + 1))
                    let isWritten = unsafe samples.withUnsafeBufferPointer { samples in
                        guard let base = samples.baseAddress else { return false }
                        return unsafe cpng_encode_row(encoder, base)
                    }
                    guard isWritten else { return }
                }
            } catch {
                failure = error
                return
            }
            count = unsafe cpng_encoder_finish(encoder)
        }
        if let failure { throw failure }
        return file.isEmpty ? nil : file
    }
}
