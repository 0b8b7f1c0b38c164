// The first 33 bytes of a PNG file, read without libpng, so that limits are checked before anything
// is inflated or allocated.

/// What a PNG file says of itself in its signature and IHDR chunk (PNG, third edition, §11.2.1).
public struct PNGHeader: Sendable, Equatable {
    /// The five legal values of the IHDR field "colour type".
    public enum ColorType: UInt8, Sendable {
        case gray = 0
        case rgb = 2
        case palette = 3
        case grayAlpha = 4
        case rgba = 6
    }

    /// Width in pixels, 1 to 2^31 − 1.
    public let width: Int
    /// Height in pixels, 1 to 2^31 − 1.
    public let height: Int
    /// Bits a stored sample or palette index: 1, 2, 4, 8 or 16, as the colour type permits.
    public let bitDepth: Int
    /// What a pixel is made of.
    public let colorType: ColorType

    /// Pixels of the image; less than 2^62.
    public var pixelCount: Int { width * height }

    /// Samples a pixel after decoding: 1 for gray, 3 for RGB and palettes; alpha is dropped.
    public var channels: Int {
        switch colorType {
        case .gray, .grayAlpha: 1
        case .rgb, .palette, .rgba: 3
        }
    }

    /// Bytes of the decoded samples; `Int.max` when that overflows.
    public var decodedByteCount: Int {
        let (bytes, overflow) = pixelCount.multipliedReportingOverflow(
            by: channels * bytesPerSample)
        return overflow ? .max : bytes
    }

    /// Bytes that `PNG.decode` takes besides: two rows as libpng holds them (pngrutil.c,
    /// `png_read_start_row`), each pixel in a byte at least, and zlib's window and state.
    public var workingByteCount: Int {
        2 * (width * max(8, storedBitsPerPixel) / 8 + 128) + (64 << 10)
    }

    /// Whether the colour type has an alpha channel.
    var hasAlpha: Bool { colorType == .grayAlpha || colorType == .rgba }

    var bytesPerSample: Int { bitDepth == 16 ? 2 : 1 }

    var storedBitsPerPixel: Int {
        switch colorType {
        case .gray, .palette: bitDepth
        case .grayAlpha: 2 * bitDepth
        case .rgb: 3 * bitDepth
        case .rgba: 4 * bitDepth
        }
    }
}

extension PNG {
    /// Signature (8 bytes), and IHDR: length, type, 13 bytes of data, CRC.
    static let headerByteCount = 33

    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Reads signature and IHDR; the rest of the file is not looked at.
    ///
    /// - Throws: `PNGError.notPNG`, `.truncated`, or `.badHeader` for a damaged IHDR, a zero or
    ///   oversized side, and every combination of colour type and depth that is not in PNG's
    ///   table 12.
    public static func header(_ bytes: Span<UInt8>) throws(PNGError) -> PNGHeader {
        for (index, byte) in signature.enumerated() {
            guard index < bytes.count else { throw .truncated }
            guard bytes[index] == byte else {
                throw index < 4 ? .notPNG : .badHeader(.textTransfer)
            }
        }
        guard bytes.count >= headerByteCount else { throw .truncated }
        guard bigEndian32(bytes, at: 8) == 13, bigEndian32(bytes, at: 12) == 0x4948_4452 else {
            throw .badHeader(.missing)
        }
        guard crc32(0, bytes.extracting(12..<29)) == bigEndian32(bytes, at: 29) else {
            throw .badHeader(.checksum)
        }
        return try checkedHeader(bytes)
    }

    private static func checkedHeader(_ bytes: Span<UInt8>) throws(PNGError) -> PNGHeader {
        let width = bigEndian32(bytes, at: 16)
        let height = bigEndian32(bytes, at: 20)
        let sides = 1...UInt32(Int32.max)
        guard sides.contains(width), sides.contains(height) else { throw .badHeader(.side) }
        guard let colorType = PNGHeader.ColorType(rawValue: bytes[25]),
            depths(of: colorType).contains(bytes[24])
        else { throw .badHeader(.colorTypeOrDepth) }
        guard bytes[26] == 0, bytes[27] == 0, bytes[28] <= 1 else { throw .badHeader(.method) }
        return PNGHeader(
            width: Int(width), height: Int(height), bitDepth: Int(bytes[24]),
            colorType: colorType)
    }

    /// PNG, third edition, table 12: allowed combinations of colour type and bit depth.
    private static func depths(of colorType: PNGHeader.ColorType) -> [UInt8] {
        switch colorType {
        case .gray: [1, 2, 4, 8, 16]
        case .palette: [1, 2, 4, 8]
        case .rgb, .grayAlpha, .rgba: [8, 16]
        }
    }
}
