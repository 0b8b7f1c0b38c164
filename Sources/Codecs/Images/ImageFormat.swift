/// A format of image files: what it is called, how large an image is by its header, and the image.
///
/// The next format is one file with one of these, and one line in `all`.
public struct ImageFormat: Sendable {
    /// What people call it.
    public let name: String
    /// The media type, in lower case.
    public let mediaType: String
    /// What its first bytes are known as.
    public let kind: MediaSniffer.Kind
    /// Whether every sample is what was put in. One that is not is no format for masks, whose edges
    /// it would blur.
    public let isLossless: Bool
    /// Reads what stands in front of the samples, and takes no memory for those.
    public let header: @Sendable (Span<UInt8>) throws(ImageError) -> ImageHeader
    /// Decodes a whole file of at most so many pixels; `isCancelled` is asked every few milliseconds,
    /// and once it says true, `cancelled` is thrown.
    public let decode:
        @Sendable (Span<UInt8>, _ pixelsMax: Int, _ isCancelled: () -> Bool) throws(ImageError)
            -> RasterImage

    /// The formats that are read.
    public static let all = [png, jpeg]

    /// The format whose mark a file begins with.
    public static func known(as kind: MediaSniffer.Kind) -> ImageFormat? {
        all.first { $0.kind == kind }
    }
}

/// What the header of an image file says.
public struct ImageHeader: Sendable, Equatable {
    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// Samples a pixel after decoding: 1 (gray) or 3 (RGB).
    public let channels: Int
    /// Bytes that decoding allocates; `Int.max` when that overflows.
    public let decodedByteCount: Int
}

/// A decoded image, samples as stored: no gamma, no colour profile, no composition, no turning.
public struct RasterImage: Sendable, Equatable {
    /// `height * width * channels` samples, rows from the top, interleaved, without padding.
    public enum Samples: Sendable, Equatable {
        /// 0 to 255.
        case uint8([UInt8])
        /// 0 to 65535.
        case uint16([UInt16])
    }

    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// 1 (gray) or 3 (RGB).
    public let channels: Int
    /// The samples.
    public let samples: Samples
    /// What its sender should hear of, each once.
    public let notes: [ImageNote]
}

/// What decoding dropped, did not do, or passed over.
public enum ImageNote: Sendable, Hashable {
    /// Alpha or a transparent colour was dropped, not blended.
    case alphaDropped
    /// The file says that it is to be shown turned or mirrored (EXIF, 2 to 8), which was not done.
    case orientationIgnored(Int)
    /// A fault that leaves every sample defined: "a PNG with ...".
    case irregular(format: String, clause: String)
}

/// Why an image was refused, as a sentence for the person who sent it.
public struct ImageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of reason it is.
    public enum Cause: Equatable, Sendable {
        /// The file is not what it should be.
        case invalid
        /// The file is sound, and of a kind that is not read.
        case unsupported
        /// Width times height is above the limit.
        case tooManyPixels(actual: Int, limit: Int)
        /// Nobody waits for the image any more.
        case cancelled
        /// The system has no memory for it.
        case outOfMemory
    }

    /// What kind of reason it is.
    public let cause: Cause
    /// One sentence that says what to change.
    public let description: String
}
