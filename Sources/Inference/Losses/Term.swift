/// A term of a loss, under the key of the answer; the cases are in the order of the answer.
public enum Term: String, Sendable, CaseIterable {
    /// L1 over the given pixels: `mean |M·target − M·output|`.
    case pixelValid = "pixel_valid"
    /// L1 over the hole: `mean |(1−M)·target − (1−M)·output|`.
    case pixelHole = "pixel_hole"
    /// L1 of the features of output and target.
    case perceptual
    /// L1 of the features of composite and target.
    case perceptualComp = "perceptual_comp"
    /// L1 of the Gram matrices of output and target.
    case style
    /// L1 of the Gram matrices of composite and target.
    case styleComp = "style_comp"
    /// Total variation of the composite in the hole, dilated by one pixel.
    case tv

    /// Whether the term needs a mask.
    public var needsMask: Bool { self != .perceptual && self != .style }
}

/// A tap and the factor its loss enters a term with.
public struct LayerWeight: Sendable, Hashable {
    /// The tap.
    public let tap: Tap
    /// The factor, finite.
    public let weight: Double

    /// A tap with a factor, 1 when not said.
    public init(tap: Tap, weight: Double = 1) {
        self.tap = tap
        self.weight = weight
    }
}

/// The loss of one layer, before any weight.
public struct LayerLoss: Sendable, Equatable {
    /// The layer's name, as in the answer.
    public let name: String
    /// The loss, at least 0.
    public let loss: Double
}

/// One term of the answer.
public struct TermLoss: Sendable, Equatable {
    /// Which term.
    public let term: Term
    /// The sum of the layers' losses with the layers' weights; the loss itself without layers.
    public let loss: Double
    /// The factor in the total.
    public let weight: Double
    /// Each layer's loss, in the order of the options; nil for a term without layers.
    public let layers: [LayerLoss]?
}

/// The losses of one pair.
public struct PairLosses: Sendable, Equatable {
    /// The terms in the order of `Term`; one that is switched off is not there.
    public let terms: [TermLoss]

    /// The sum of weight · loss over the terms.
    public var total: Double { terms.reduce(0) { $0 + $1.weight * $1.loss } }

    init(_ terms: [TermLoss]) {
        self.terms = terms
    }

    /// The name of the first number that is infinite or NaN, as in "style.pool1"; nil when none is.
    var firstNonFinite: String? {
        for term in terms {
            if let layer = term.layers?.first(where: { !$0.loss.isFinite }) {
                return "\(term.term.rawValue).\(layer.name)"
            }
            guard term.loss.isFinite else { return term.term.rawValue }
        }
        return total.isFinite ? nil : "total"
    }
}
