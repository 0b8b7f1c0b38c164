import HTTP

/// Media types and their negotiation (RFC 9110 §8.3.1 and §12.5.1).
public struct MediaType: Sendable, Hashable, CustomStringConvertible {
    /// `type/subtype` in lower case, without parameters; ASCII.
    public let essence: String

    /// A type from its essence, in lower case.
    public init(_ essence: String) { self.essence = essence }

    /// JSON, RFC 8259.
    public static let json = MediaType("application/json")
    /// Forms, RFC 7578.
    public static let multipart = MediaType("multipart/form-data")
    /// safetensors; `application/x-safetensors` is read as this.
    public static let safetensors = MediaType("application/safetensors")
    /// An npy file.
    public static let npy = MediaType("application/x-npy")
    /// A PNG image.
    public static let png = MediaType("image/png")
    /// A JPEG image.
    public static let jpeg = MediaType("image/jpeg")
    /// Bytes whose first tell what they are.
    public static let octetStream = MediaType("application/octet-stream")

    /// The essence.
    public var description: String { essence }

    /// The type a `Content-Type` value names, its old names resolved; nil when it is none.
    public init?(contentType: String) {
        let end = contentType.utf8.firstIndex(of: UInt8(ascii: ";")) ?? contentType.utf8.endIndex
        guard let range = MediaRange(contentType.utf8[..<end]) else { return nil }
        let essence = "\(range.type)/\(range.subtype)"
        switch essence {
        case "application/x-safetensors": self = .safetensors
        case "image/jpg", "image/pjpeg": self = .jpeg
        case "application/npy", "application/vnd.numpy.npy": self = .npy
        default: self = MediaType(essence)
        }
    }

    /// The offer a client likes best, the earlier of equals; nil when it accepts none of them.
    ///
    /// Each offer has the weight of the most specific range that names it, and 0 means "not this
    /// one".
    public static func negotiate(accept: String?, offers: [MediaType]) -> MediaType? {
        guard let accept, !ASCII.trimmed(accept.utf8).isEmpty else { return offers.first }
        let ranges = accept.utf8.split(separator: UInt8(ascii: ",")).compactMap(AcceptRange.init)
        var best: (offer: MediaType, weight: Double)?
        for offer in offers {
            let matches = ranges.filter { $0.range.matches(offer) }
            let weight = matches.max { $0.range.specificity < $1.range.specificity }?.weight
            if let weight, weight > best?.weight ?? 0 { best = (offer, weight) }
        }
        return best?.offer
    }
}

/// `type/subtype` in lower case, where `*` stands for any (RFC 9110 §12.5.1).
private struct MediaRange {
    /// Characters of a type or a subtype (RFC 6838 §4.2).
    private static let wordBytesMax = 127

    let type: String
    let subtype: String

    init?(_ bytes: Substring.UTF8View) {
        let words = ASCII.trimmed(bytes).split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard words.count == 2, let type = Self.word(words[0]), let subtype = Self.word(words[1])
        else { return nil }
        self.type = type
        self.subtype = subtype
    }

    private static func word(_ bytes: Substring.UTF8View) -> String? {
        guard (1...wordBytesMax).contains(bytes.count), bytes.allSatisfy(ASCII.isTokenByte) else {
            return nil
        }
        return String(decoding: bytes.map(ASCII.lowercased), as: UTF8.self)
    }

    var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

    func matches(_ offer: MediaType) -> Bool {
        switch specificity {
        case 0: true
        case 1: offer.essence.hasPrefix(type + "/")
        default: MediaType(contentType: "\(type)/\(subtype)") == offer
        }
    }
}

/// One element of an `Accept` field: a range and its weight.
private struct AcceptRange {
    let range: MediaRange
    let weight: Double

    init?(_ element: Substring.UTF8View) {
        let fields = element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            .map(ASCII.trimmed)
        guard let first = fields.first, let range = MediaRange(first) else { return nil }
        self.range = range
        let weight = fields.dropFirst().first { ASCII.equals($0.prefix(2), "q=") }
        self.weight = weight.map { Self.weight($0.dropFirst(2)) } ?? 1
    }

    /// qvalue, RFC 9110 §12.4.2: 0 to 1 with at most three decimals; anything else weighs nothing.
    private static func weight(_ bytes: Substring.UTF8View) -> Double {
        guard bytes.count <= 5, let weight = Double(String(decoding: bytes, as: UTF8.self)),
            (0...1).contains(weight)
        else { return 0 }
        return weight
    }
}
