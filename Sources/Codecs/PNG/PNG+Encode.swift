import CPNG

extension PNG {
    /// An RGB image of 8 bits as a PNG file; `rgb` is (height, width, 3), and no side is 0.
    public static func encode(width: Int, height: Int, rgb: [UInt8]) -> [UInt8] {
        precondition(width > 0 && height > 0 && rgb.count == 3 * width * height)
        precondition(width < 1 << 31 && height < 1 << 31)
        let (columns, rows) = (UInt32(width), UInt32(height))
        let bytesMax = cpng_encoded_bytes_max(columns, rows)
        return unsafe [UInt8](unsafeUninitializedCapacity: bytesMax) { bytes, count in
            unsafe rgb.withUnsafeBufferPointer { samples in
                guard let from = samples.baseAddress, let to = bytes.baseAddress else { return }
                count = unsafe cpng_encode(from, columns, rows, to, bytesMax)
            }
            precondition(count > 0, "libpng wrote nothing; there was no memory")
        }
    }
}
