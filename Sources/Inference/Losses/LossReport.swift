/// The loss of one layer, before any weight.
public struct LayerLoss: Sendable, Equatable {
    /// The layer's name, as in the answer.
    public let name: String
    /// The loss.
    public let loss: Double
}

/// One term of the answer.
public struct TermLoss: Sendable, Equatable {
    /// The term's key.
    public let key: String
    /// The sum of the layers' losses with the layers' weights; the loss itself without layers.
    public let loss: Double
    /// The factor in the total.
    public let weight: Double
    /// Each layer's loss, in the order of the definition; nil for a term without layers.
    public let layers: [LayerLoss]?

    /// A term without layers.
    package init(_ term: Term, loss: Double) {
        key = term.key
        weight = term.weight
        self.loss = loss
        layers = nil
    }

    /// The sum of one term of several sizes of a pair.
    fileprivate init(adding levels: [TermLoss]) {
        key = levels[0].key
        weight = levels[0].weight
        loss = levels.reduce(0) { $0 + $1.loss }
        layers = levels[0].layers?.enumerated().map { index, layer in
            LayerLoss(
                name: layer.name, loss: levels.reduce(0) { $0 + ($1.layers?[index].loss ?? 0) })
        }
    }

    /// A term with layers.
    package init(_ term: Term, _ losses: [(layer: LayerWeight, loss: Double)]) {
        key = term.key
        weight = term.weight
        layers = losses.map { LayerLoss(name: $0.layer.name, loss: $0.loss) }
        loss = losses.reduce(0) { $0 + $1.layer.weight * $1.loss }
    }
}

/// The losses of one pair.
public struct PairLosses: Sendable, Equatable {
    /// The terms in the order of the loss's definition; one that is switched off is not there.
    public let terms: [TermLoss]

    /// The sum of weight · loss over the terms.
    public var total: Double { terms.reduce(0) { $0 + $1.weight * $1.loss } }

    package init(_ terms: [TermLoss]) {
        self.terms = terms
    }

    /// The losses of several sizes of one pair, at least one, added term by term and layer by layer.
    init(adding levels: [PairLosses]) {
        terms = levels[0].terms.indices.map { index in
            TermLoss(adding: levels.map { $0.terms[index] })
        }
    }

    /// The name of the first number that is infinite or NaN, as in "style.pool1"; nil when none is.
    package var firstNonFinite: String? {
        for term in terms {
            if let layer = term.layers?.first(where: { !$0.loss.isFinite }) {
                return "\(term.key).\(layer.name)"
            }
            guard term.loss.isFinite else { return term.key }
        }
        return total.isFinite ? nil : "total"
    }
}
