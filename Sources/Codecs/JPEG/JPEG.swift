/// A decoded JPEG.
public struct JPEGImage: Sendable, Equatable {
    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// 1 (gray) or 3 (RGB).
    public let channels: Int
    /// EXIF's orientation, 1 when there is none; not applied.
    public let orientation: Int
    /// What is wrong with the file without touching the samples.
    public let irregularities: Set<JPEGIrregularity>
    /// `height * width * channels` samples, rows from the top, interleaved, without padding.
    public let samples: [UInt8]
}

/// Decoding of JPEG (ITU-T T.81, T.871): baseline, extended and progressive of 8 bits, Huffman or
/// arithmetically coded, gray, YCbCr and RGB (Adobe's marker, or components named R, G and B).
public enum JPEG {
    /// Decodes a whole file. The samples are those of libjpeg's defaults, and so of Pillow's: inverse
    /// DCT in integers of 13 bits, chroma upsampled by triangles, no colour profile. Orientation is
    /// not applied. What follows the end of the image, as further images of a camera do, is skipped.
    ///
    /// A fault that leaves every sample defined is passed over and told in `irregularities`; what
    /// other readers only warn of and fill in is refused: missing or surplus image data, codes that do
    /// not exist, restart markers out of turn, progressive scans that stop before the last detail.
    ///
    /// - Parameters:
    ///   - pixelsMax: limit of width x height, compared before memory is taken.
    ///   - isCancelled: asked after every row of blocks; once it says true, `cancelled` is thrown.
    public static func decode(
        _ bytes: Span<UInt8>, pixelsMax: Int, isCancelled: () -> Bool = { false }
    ) throws(JPEGError) -> JPEGImage {
        let header = try header(bytes)
        guard header.pixelCount <= pixelsMax else {
            throw .tooManyPixels(
                width: header.width, height: header.height, pixelsMax: pixelsMax)
        }
        guard bytes.count - header.scanStart >= header.scanBytesMin else { throw .truncated }
        let count = header.pixelCount * header.channels
        var failure: JPEGError?
        var irregularities: Set<JPEGIrregularity> = []
        let samples = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(JPEGError) {
                irregularities = try unsafe JPEGRows.decode(bytes, header, buffer, isCancelled)
                initialized = count
            } catch {
                failure = error
                initialized = 0
            }
        }
        if let failure { throw failure }
        return JPEGImage(
            width: header.width, height: header.height, channels: header.channels,
            orientation: header.orientation, irregularities: irregularities, samples: samples)
    }
}

/// A fault of a JPEG file that leaves every sample defined: `JPEG.decode` passes over it, as other
/// readers do, and says so.
public enum JPEGIrregularity: String, Sendable, CaseIterable {
    /// Bytes between the segments in front of the image that belong to none of them.
    case bytesBeforeImage
    /// A sequential scan that declares a band or a bit of coefficients, as only progressive ones may.
    case scanParameters
}

extension JPEGIrregularity: CustomStringConvertible {
    /// The clause that says what is odd: "the file has ...".
    public var description: String {
        switch self {
        case .bytesBeforeImage: "bytes in front of the image that belong to nothing"
        case .scanParameters: "a sequential scan with the parameters of a progressive one"
        }
    }
}
