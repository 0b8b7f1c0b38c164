/// A fault of a PNG file that leaves every sample defined: `PNG.decode` passes over it, as other
/// readers do, and says so.
public enum PNGIrregularity: String, Sendable, CaseIterable {
    /// The compressed data does not end with the last row: more follows, its end code is missing, or
    /// its Adler-32 is wrong.
    case imageDataEnd
    /// An IDAT chunk after chunks of other kinds, whose data is not used.
    case lateImageData
    /// A PLTE chunk where none belongs, or with more entries than the depth can name.
    case palette
    /// A tRNS chunk where none belongs, or of a wrong length; it is not used.
    case transparency
    /// An IEND chunk that is not empty.
    case end
}

extension PNGIrregularity: CustomStringConvertible {
    /// The clause that says what is odd: "the file has …".
    public var description: String {
        switch self {
        case .imageDataEnd: "compressed data that does not end with the last row"
        case .lateImageData: "image data behind chunks of other kinds"
        case .palette: "a palette where none belongs, or a longer one than its depth can name"
        case .transparency: "a tRNS chunk where none belongs, or a damaged one"
        case .end: "an IEND chunk that is not empty"
        }
    }
}
