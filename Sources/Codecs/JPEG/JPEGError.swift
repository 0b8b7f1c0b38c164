/// Why a JPEG file was refused, as a sentence for the person who sent it.
public enum JPEGError: Error, Equatable, Sendable {
    /// The kinds of JPEG that are not read.
    public enum Variant: Equatable, Sendable {
        case cmyk, lossless, hierarchical, lateHeight
        case bits(Int)
        case components(Int)
    }

    case notJPEG
    case truncated
    /// A sound file of a kind that is not read.
    case unsupported(Variant)
    case tooManyPixels(width: Int, height: Int, pixelsMax: Int)
    /// A fault that leaves samples undefined, in a few words, libjpeg's where it found it.
    case damaged(String)
    case outOfMemory
    /// Nobody waits for the image any more.
    case cancelled
}

extension JPEGError: CustomStringConvertible {
    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notJPEG: "The data is not a JPEG image: it does not begin with FF D8."
        case .truncated: "The JPEG is cut short; send the whole file, up to its end marker FF D9."
        case .unsupported(let variant): "\(variant)"
        case .tooManyPixels(let width, let height, let pixelsMax):
            "The JPEG is \(width)x\(height) pixels, more than the \(pixelsMax) allowed;"
                + " send a smaller image."
        case .damaged(let reason): "The JPEG is damaged (\(reason)); export the image again."
        case .outOfMemory:
            "There is not enough memory to decode the JPEG; send a smaller image."
        case .cancelled:
            "The JPEG was not decoded in time; allow more or send a smaller image."
        }
    }
}

extension JPEGError.Variant: CustomStringConvertible {
    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .cmyk:
            "The JPEG is in CMYK, which is not read; convert it to RGB, as with"
                + " convert in.jpg -colorspace sRGB out.png."
        case .lossless:
            "The JPEG is lossless (SOF3), which is not read; convert it, as with"
                + " convert in.jpg out.png."
        case .hierarchical:
            "The JPEG is hierarchical, which is not read; save it as baseline or progressive JPEG."
        case .lateHeight:
            "The JPEG has a height of 0, which leaves it to a later DNL marker and is not read;"
                + " save it again."
        case .bits(let bits):
            "The JPEG has samples of \(bits) bits, and 8 are read; convert it, as with"
                + " convert in.jpg -depth 16 out.png."
        case .components(let count):
            "The JPEG has \(count) colour components; 1 (gray) and 3 (colour) are read;"
                + " save it as RGB."
        }
    }
}
