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

/// What a part holds: what its first bytes say, else what it is declared as.
enum PartKind: Sendable {
    case image(ImageFormat)
    case npy

    /// What is read, for sentences.
    static let readable = "PNG, JPEG and npy"

    /// The kind of an image or array, and what its sender should hear of it.
    ///
    /// - Throws: 415 for a type that is not read, declared or found.
    static func find(
        _ role: String, _ payload: Payload, contentType: String?
    ) throws(ServiceError) -> (kind: PartKind, warning: Warning?) {
        guard payload.count > 0 else {
            throw ServiceError(
                .invalidImage, "The part \(role) is empty: its file has 0 bytes; send another.")
        }
        let declared = contentType.flatMap { MediaType(contentType: $0) }
        let found = payload.withSpan { MediaSniffer.kind(of: $0) }
        if let kind = PartKind(found) {
            guard let declared, declared != .octetStream, declared != kind.type else {
                return (kind, nil)
            }
            return (
                kind,
                .contradictedType(role, declared: declared.essence, found: found.rawValue)
            )
        }
        guard found == .unknown else {
            throw ServiceError(
                .unsupportedMediaType, "The part \(role) looks like \(found.refusal).")
        }
        if let kind = PartKind(declared) { return (kind, nil) }
        let bytes = payload.bytes[payload.range]
        let isText = bytes.prefix(64).allSatisfy {
            (0x20...0x7E).contains($0) || [0x09, 0x0A, 0x0D].contains($0)
        }
        guard !isText else {
            throw ServiceError(
                .unsupportedMediaType,
                "The part \(role) holds the text \(Excerpt.quoted(bytes)), not a file; with curl, "
                    + "write \(role)=@FILE.")
        }
        throw ServiceError(
            .unsupportedMediaType,
            "The part \(role) is none of \(readable): it begins with the bytes "
                + "\(Hexadecimal.text(bytes.prefix(8))).")
    }

    private init?(_ kind: MediaSniffer.Kind) {
        if kind == .npy {
            self = .npy
        } else if let format = ImageFormat.known(as: kind) {
            self = .image(format)
        } else {
            return nil
        }
    }

    private init?(_ type: MediaType?) {
        guard let type else { return nil }
        if type == .npy {
            self = .npy
        } else if let format = ImageFormat.all.first(where: { $0.mediaType == type.essence }) {
            self = .image(format)
        } else {
            return nil
        }
    }

    private var type: MediaType {
        switch self {
        case .image(let format): MediaType(format.mediaType)
        case .npy: .npy
        }
    }
}
