import Inference
import Service

/// The numbers of a loss in the order of answers: the total, each term, each of its layers.
struct LossColumns {
    struct Column {
        /// `total`, `style`, `style.pool1`
        let name: String
        /// The term; nil of the total.
        var term: String?
        var layer: String?
        /// The factor of a term in the total, of a layer in its term.
        var weight: Double?
    }

    let columns: [Column]

    init(_ loss: ComparedLoss) {
        columns =
            [Column(name: "total")]
            + loss.terms.flatMap { term in
                [Column(name: term.key, term: term.key, weight: term.weight)]
                    + (term.features?.layers ?? []).map { layer in
                        Column(
                            name: "\(term.key).\(layer.name)", term: term.key, layer: layer.name,
                            weight: layer.weight)
                    }
            }
    }

    /// The values of a pair; nil for those of a term that it does not have, as without a mask.
    func values(_ losses: PairLosses) -> [Double?] {
        columns.map { column in
            guard let key = column.term else { return losses.total }
            let term = losses.terms.first { $0.key == key }
            guard let layer = column.layer else { return term?.loss }
            return term?.layers?.first { $0.name == layer }?.loss
        }
    }
}

/// The means of numbers over pairs.
struct LossMeans {
    /// The pairs that have been added.
    private(set) var count = 0
    private var sums: [Double] = []
    private var counts: [Int] = []

    mutating func add(_ values: [Double?]) {
        if count == 0 { (sums, counts) = (values.map { _ in 0 }, values.map { _ in 0 }) }
        count += 1
        for (index, value) in values.enumerated() {
            guard let value else { continue }
            sums[index] += value
            counts[index] += 1
        }
    }

    /// Over the pairs that have the number; nil where none has.
    var means: [Double?] {
        zip(sums, counts).map { sum, count in count > 0 ? sum / Double(count) : nil }
    }
}
