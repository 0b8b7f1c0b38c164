import Codecs

/// A run of bytes inside a request's body, shared with it and not copied.
struct Payload: Sendable {
    let bytes: [UInt8]
    let range: Range<Int>

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        self.range = range
    }

    init(_ bytes: [UInt8]) { self.init(bytes, bytes.indices) }

    var count: Int { range.count }

    /// Lends the bytes.
    func withSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes.span.extracting(range))
    }
}

/// What a part holds, by its declared type or, where that says nothing, by its first bytes.
enum PartKind: Sendable {
    case png, npy

    /// The kind of an image or array.
    ///
    /// - Throws: 415 for a type that is not read, declared or found.
    init(_ payload: Payload, contentType: String?) throws(ServiceError) {
        switch contentType.flatMap({ MediaType(contentType: $0) }) {
        case MediaType.png: self = .png
        case MediaType.npy: self = .npy
        case nil, MediaType.octetStream:
            let found = payload.withSpan { MediaSniffer.kind(of: $0) }
            switch found {
            case .png: self = .png
            case .npy: self = .npy
            case .unknown:
                throw ServiceError(
                    .unsupportedMediaType, "A part is neither PNG nor npy; send one of them.")
            default:
                throw ServiceError(
                    .unsupportedMediaType, "A part looks like \(found.rawValue); send PNG or npy.")
            }
        case .some:
            throw ServiceError(
                .unsupportedMediaType,
                "A part has a Content-Type that is not read; send image/png or application/x-npy.")
        }
    }
}
