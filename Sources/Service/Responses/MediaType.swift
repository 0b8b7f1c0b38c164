/// Media types and their negotiation (RFC 9110 §8.3.1 and §12.5.1).
public struct MediaType: Sendable, Hashable, CustomStringConvertible {
    /// `type/subtype` in lower case, without parameters.
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
    /// Bytes whose first tell what they are.
    public static let octetStream = MediaType("application/octet-stream")

    /// The essence.
    public var description: String { essence }

    /// The type a `Content-Type` value names, its old names resolved; nil when it is none.
    public init?(contentType: String) {
        let essence = contentType.prefix { $0 != ";" }.trimmed().lowercased()
        let halves = essence.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ !$0.isEmpty }) else { return nil }
        switch essence {
        case "application/x-safetensors": self = .safetensors
        case "application/npy", "application/vnd.numpy.npy": self = .npy
        default: self = MediaType(essence)
        }
    }

    /// The offer a client likes best, the earlier of equals; nil when it accepts none of them.
    ///
    /// Each offer has the weight of the most specific range that names it, and 0 means "not this
    /// one".
    public static func negotiate(accept: String?, offers: [MediaType]) -> MediaType? {
        guard let accept, !accept.trimmed().isEmpty else { return offers.first }
        let ranges = accept.split(separator: ",").compactMap(AcceptRange.init)
        var best: (offer: MediaType, weight: Double)?
        for offer in offers {
            let matches = ranges.filter { $0.matches(offer) }
            guard let weight = matches.max(by: { $0.specificity < $1.specificity })?.weight else {
                continue
            }
            if weight > best?.weight ?? 0 { best = (offer, weight) }
        }
        return best?.offer
    }
}

/// One element of an `Accept` field: a range and its weight.
private struct AcceptRange {
    let type: String
    let subtype: String
    let weight: Double

    init?(_ element: Substring) {
        let fields = element.split(separator: ";").map { $0.trimmed().lowercased() }
        let halves = (fields.first ?? "").split(separator: "/").map(String.init)
        guard halves.count == 2 else { return nil }
        type = halves[0]
        subtype = halves[1] == "x-safetensors" ? "safetensors" : halves[1]
        let quality = fields.dropFirst().first { $0.hasPrefix("q=") }
        weight = quality.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
    }

    var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

    func matches(_ offer: MediaType) -> Bool {
        switch specificity {
        case 0: true
        case 1: offer.essence.hasPrefix(type + "/")
        default: offer.essence == "\(type)/\(subtype)"
        }
    }
}

extension StringProtocol {
    /// The text without the spaces and tabs around it (RFC 9110 §5.6.3, OWS).
    func trimmed() -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
