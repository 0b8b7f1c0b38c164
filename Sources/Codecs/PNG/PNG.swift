/// A decoded image.
public struct PNGImage: Sendable, Equatable {
    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// 1 (gray) or 3 (RGB).
    public let channels: Int
    /// Whether an alpha channel or a tRNS chunk was dropped.
    public let hadAlpha: Bool
    /// What is wrong with the file without touching the samples.
    public let irregularities: Set<PNGIrregularity>
    /// Of 16 bits when the file's depth is 16, else of 8.
    public let samples: RasterImage.Samples
}

/// Decoding of PNG, every colour type, depth and interlacing (PNG, third edition, W3C 2025).
public enum PNG {
    /// Deflate codes at most 258 bytes in 2 bits, a ratio of 1032 (zlib's technical notes), so a
    /// short file that claims many pixels is known to be cut before memory is taken for them.
    private static let deflateRatioMax = 1032
    /// zlib and libpng count the bytes of a row in 32 bits.
    private static let rowBytesMax = 1 << 31

    /// Decodes a whole file, samples as stored: no gamma, no colour profile, no composition.
    ///
    /// Gray of 1, 2 and 4 bits is scaled by 255 / (2^depth − 1), a palette becomes RGB, 16-bit
    /// samples keep their precision. Alpha and tRNS are dropped, and `hadAlpha` says so. Of an
    /// animated PNG this is the default image. Ancillary chunks and bytes after IEND are skipped.
    ///
    /// A fault that leaves every sample defined is passed over and told in `irregularities`; one
    /// that does not is refused: missing rows, filters that do not exist, wrong CRCs of critical
    /// chunks, palette indices without an entry, a file without its IEND.
    ///
    /// - Parameters:
    ///   - pixelsMax: limit of width × height, compared before memory is taken.
    ///   - isCancelled: asked every few milliseconds; once it says true, `cancelled` is thrown.
    public static func decode(
        _ bytes: Span<UInt8>, pixelsMax: Int, isCancelled: () -> Bool = { false }
    ) throws(PNGError) -> PNGImage {
        let header = try header(bytes)
        guard header.pixelCount <= pixelsMax,
            header.width * header.storedBitsPerPixel / 8 < rowBytesMax
        else {
            throw .tooManyPixels(
                width: header.width, height: header.height, pixelsMax: pixelsMax)
        }
        let chunks = try PNGChunks(bytes, header, isCancelled: isCancelled)
        let pixelsPossible =
            chunks.imageData.count * (8 * deflateRatioMax) / header.storedBitsPerPixel
        guard header.pixelCount <= pixelsPossible else { throw .damaged("missing rows") }

        var irregularities = chunks.irregularities
        let samples: RasterImage.Samples =
            header.bitDepth == 16
            ? .uint16(try samples(bytes, header, chunks, &irregularities, isCancelled))
            : .uint8(try samples(bytes, header, chunks, &irregularities, isCancelled))
        return PNGImage(
            width: header.width, height: header.height, channels: header.channels,
            hadAlpha: header.hasAlpha || chunks.hasTransparency, irregularities: irregularities,
            samples: samples)
    }

    private static func samples<Sample: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: Span<UInt8>, _ header: PNGHeader, _ chunks: PNGChunks,
        _ irregularities: inout Set<PNGIrregularity>, _ isCancelled: () -> Bool
    ) throws(PNGError) -> [Sample] {
        let count = header.pixelCount * header.channels
        var failure: PNGError?
        let samples = unsafe [Sample](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(PNGError) {
                var rows = try unsafe PNGRows(UnsafeMutableRawBufferPointer(buffer), header)
                try rows.decode(bytes, chunks, isCancelled)
                if rows.hasOddEnd { irregularities.insert(.imageDataEnd) }
                initialized = count
            } catch {
                failure = error
                initialized = 0
            }
        }
        if let failure { throw failure }
        return samples
    }

    static func bigEndian32(_ bytes: Span<UInt8>, at index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[index + $1]) }
    }
}
