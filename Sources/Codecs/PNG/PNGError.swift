/// Why a PNG file was refused, as a sentence for the person who sent it.
public enum PNGError: Error, Equatable, Sendable {
    /// The fault of a signature or IHDR chunk that is there but cannot be right.
    public enum HeaderFault: Sendable {
        case textTransfer, missing, checksum, side, colorTypeOrDepth, method
    }

    case notPNG
    case truncated
    case badHeader(HeaderFault)
    case tooManyPixels(width: Int, height: Int, pixelsMax: Int)
    /// A fault after IHDR that leaves samples undefined, in a few words, libpng's where it found it:
    /// a wrong CRC, bad zlib data, missing rows.
    case damaged(String)
    case paletteIndexOutOfRange
    case outOfMemory
    /// Nobody waits for the image any more.
    case cancelled
}

extension PNGError: CustomStringConvertible {
    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notPNG:
            "The data is not a PNG image: it does not begin with the PNG signature."
        case .truncated:
            "The PNG is cut short; send the whole file, up to its IEND chunk."
        case .badHeader(let fault):
            "\(fault)"
        case .tooManyPixels(let width, let height, let pixelsMax):
            "The PNG is \(width)x\(height) pixels, more than the \(pixelsMax) allowed;"
                + " send a smaller image."
        case .damaged(let reason):
            "The PNG is damaged (\(reason)); export the image again."
        case .paletteIndexOutOfRange:
            "The PNG is damaged: a pixel names a colour that its palette does not have;"
                + " export the image again."
        case .cancelled:
            "The PNG was not decoded in time; allow more or send a smaller image."
        case .outOfMemory:
            "There is not enough memory to decode the PNG; send a smaller image."
        }
    }
}

extension PNGError.HeaderFault: CustomStringConvertible {
    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .textTransfer:
            "The PNG signature is damaged, as by a transfer in text mode; send the file as binary."
        case .missing:
            "The PNG does not begin with an IHDR chunk of 13 bytes; export the image again."
        case .checksum:
            "The PNG's IHDR chunk has a wrong CRC; export the image again."
        case .side:
            "The PNG has a width or height that is 0 or above 2147483647; export the image again."
        case .colorTypeOrDepth:
            "The PNG has a colour type and bit depth that do not go together;"
                + " export the image again."
        case .method:
            "The PNG asks for a compression, filter or interlace method that does not exist;"
                + " export the image again."
        }
    }
}
