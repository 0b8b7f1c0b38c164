import Codecs

/// Something about a request that its sender may not have meant.
struct Warning: Sendable, Equatable {
    let code: String
    let detail: String

    var json: JSON { ["code": .string(code), "detail": .string(detail)] }
}

/// What decoding dropped or passed over: what the sender of an image is warned of.
struct DecodingNotes: Sendable, Equatable {
    var dropsAlpha = false
    var irregularities: Set<PNGIrregularity> = []

    mutating func formUnion(_ other: DecodingNotes) {
        dropsAlpha = dropsAlpha || other.dropsAlpha
        irregularities.formUnion(other.irregularities)
    }

    /// - Parameter role: the name of the part, `output`.
    func warnings(_ role: String) -> [Warning] {
        var warnings: [Warning] = []
        if dropsAlpha {
            warnings.append(
                Warning(
                    code: "alpha_dropped",
                    detail:
                        "An image of \(role) has alpha or a transparent colour; it was dropped, "
                        + "not blended."))
        }
        for irregularity in PNGIrregularity.allCases where irregularities.contains(irregularity) {
            warnings.append(
                Warning(
                    code: "irregular_png",
                    detail:
                        "A PNG of \(role) has \(irregularity); its samples are whole, and it was "
                        + "read."))
        }
        return warnings
    }
}

extension Sequence<DecodingNotes> {
    /// The warnings of several images of one role, each once.
    func warnings(_ role: String) -> [Warning] {
        reduce(into: DecodingNotes()) { $0.formUnion($1) }.warnings(role)
    }
}
