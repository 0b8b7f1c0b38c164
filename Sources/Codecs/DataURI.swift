/// A `data:` URI (RFC 2397) with base64, as browsers make one of a file.
public struct DataURI: Sendable {
    /// The media type as it is written, without parameters; empty when there is none.
    public let mediaType: String
    /// The base64 text.
    public let base64: ArraySlice<UInt8>

    /// Longer than any media type with its parameters.
    private static let headBytesMax = 256

    /// Whether a text is meant as one.
    public static func isMeant(_ text: ArraySlice<UInt8>) -> Bool {
        text.prefix(5).map { $0 | 0x20 }.elementsEqual("data:".utf8)
    }

    /// nil unless the text begins as a URI of base64 does.
    public init?(_ text: ArraySlice<UInt8>) {
        guard Self.isMeant(text),
            let comma = text.prefix(Self.headBytesMax).firstIndex(of: UInt8(ascii: ","))
        else { return nil }
        let head = text[text.startIndex + 5..<comma]
        let fields = head.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard fields.count >= 2, let last = fields.last,
            last.map({ $0 | 0x20 }).elementsEqual("base64".utf8)
        else { return nil }
        mediaType = UTF8Text(validated: fields[0]).printable
        base64 = text[(comma + 1)...]
    }
}
