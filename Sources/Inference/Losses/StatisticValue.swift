/// A statistic of one image at one layer: what distances are taken of.
package enum StatisticValue: Sendable {
    case matrix(GramMatrix)
    /// One value a channel, of one or two kinds.
    case vectors([[Double]])
    case gaussian(Gaussian)

    /// The value of a statistic that is not pairwise, from the sums it is made of.
    package init(_ statistic: Statistic, _ summary: Summary) {
        switch statistic {
        case .features, .jointMoments: preconditionFailure("a pair is no summary")
        case .gram(let gram): self = .matrix(GramMatrix(gram, summary))
        case .mean:
            precondition(summary.kind == .moments)
            self = .vectors([summary.means])
        case .meanDeviation(let eps, let isUnbiased):
            precondition(summary.kind == .moments)
            let positions = summary.shape.positions
            let divisor = Double(isUnbiased ? positions - 1 : positions)
            self = .vectors([
                summary.means, summary.sums.map { ($0 / divisor + eps).squareRoot() },
            ])
        case .gaussian(let eps, _):
            precondition(summary.kind == .centredProducts)
            self = .gaussian(Gaussian(summary, eps: eps))
        }
    }

    /// The values of several targets, each with a factor; the factors add up to 1.
    package init(blending values: [(value: StatisticValue, weight: Double)]) {
        switch values[0].value {
        case .matrix:
            self = .matrix(
                GramMatrix(
                    blending: values.compactMap { value, weight in
                        if case .matrix(let matrix) = value { (matrix, weight) } else { nil }
                    }))
        case .vectors(let first):
            var sums = first.map { $0.map { _ in 0.0 } }
            for case (.vectors(let vectors), let weight) in values {
                for (kind, vector) in vectors.enumerated() {
                    for (channel, value) in vector.enumerated() {
                        sums[kind][channel] += weight * value
                    }
                }
            }
            self = .vectors(sums)
        case .gaussian:
            self = .gaussian(
                Gaussian(
                    blending: values.compactMap { value, weight in
                        if case .gaussian(let gaussian) = value { (gaussian, weight) } else { nil }
                    }))
        }
    }
}

extension FeatureMeasure {
    /// Bytes of the square matrices that a loss is made of besides the summaries: of features of given
    /// layers there may be any number of channels.
    func matrixBytes(channels: Int) -> Int {
        let matrices: Int
        switch statistic {
        case .gram: matrices = 3
        // Two covariances, the root of one, and the iteration's: y, z, t and what they become.
        case .gaussian: matrices = 9
        case .features, .mean, .meanDeviation, .jointMoments: return 0
        }
        let rows = Kernels.blocks(of: channels) * Kernels.block
        let (square, overflow) = rows.multipliedReportingOverflow(by: rows)
        return overflow || square > .max / 128 ? .max : 8 * matrices * square
    }

    /// The loss of a layer whose statistic is a summary: that of the subject against the target's,
    /// or against the blend of several targets' with factors that add up to 1.
    /// - Parameter check: called again and again where it takes long; what it throws ends the work.
    package func loss(
        of subject: Summary, against targets: [(summary: Summary, weight: Double)], pixels: Int,
        kernels: Kernels, check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> Double {
        let values = targets.map { (StatisticValue(statistic, $0.summary), $0.weight) }
        let target = values.count == 1 ? values[0].0 : StatisticValue(blending: values)
        switch (StatisticValue(statistic, subject), target) {
        case (.matrix(let a), .matrix(let b)):
            return reduced(
                elements: a.count * a.order * a.order, outer: a.count * a.order, pixels: pixels
            ) { a.sum($0, to: b) }
        case (.vectors(let a), .vectors(let b)):
            return zip(a, b).reduce(0) { total, vectors in
                total
                    + reduced(elements: vectors.0.count, outer: 1, pixels: pixels) { rule in
                        zip(vectors.0, vectors.1).reduce(0) { $0 + rule($1.0 - $1.1) }
                    }
            }
        case (.gaussian(let a), .gaussian(let b)):
            guard case .gaussian(_, let steps) = statistic else { return .nan }
            return try a.distance(to: b, steps: steps, kernels: kernels, check: check)
        default: preconditionFailure("two statistics of one kind are of two")
        }
    }

    /// The loss of a layer whose statistic is a Gram matrix, from the change of its sums.
    package func loss(ofChange change: Summary, pixels: Int) -> Double {
        guard case .gram(let gram) = statistic else { return .nan }
        let matrix = GramMatrix(gram, change)
        let nothing = GramMatrix(gram, change.cleared)
        return reduced(
            elements: matrix.order * matrix.order, outer: matrix.order, pixels: pixels
        ) { matrix.sum($0, to: nothing) }
    }

    /// The loss of a layer whose statistic is pairwise, from the sums of `pairRules`, in order.
    package func loss(ofPairs sums: [Double], _ shape: FeatureShape, pixels: Int) -> Double {
        var rest = zip(sums, pointwiseRules.map(\.factor)).makeIterator()
        return reduced(elements: shape.count, outer: shape.positions, pixels: pixels) { _ in
            guard let (sum, factor) = rest.next() else { return .nan }
            return factor == 1 ? sum : sum * factor
        }
    }

    /// The loss of a layer whose statistic is of both images' moments.
    package func loss(
        ofMoments moments: JointMoments?, at layer: String, pixels: Int
    ) -> Double {
        guard let moments, let structural = distance.structural(learned?.factors(at: layer)) else {
            return .nan
        }
        return reduction(
            structural.sum(moments), elements: moments.means.count, outer: 1, pixels: pixels)
    }

    /// The sums over pairs that a pairwise statistic's distance is made of, at a layer.
    package func pairRules(at layer: String) -> [PairRule] {
        guard case .features(_, let unit) = statistic else { return [] }
        let learned = learned.map { LearnedLayer(weights: $0, layer: layer) }
        return pointwiseRules.map {
            PairRule($0.rule, unit: unit, learned: learned, weighting: weighting)
        }
    }

    private var pointwiseRules: [(rule: Pointwise, factor: Double)] {
        guard case .features(let scale, let unit) = statistic else { return [] }
        return distance.sums.map { unit == nil ? $0.scaled(by: scale) : ($0, 1) }
    }

    private func reduced(
        elements: Int, outer: Int, pixels: Int, _ sum: (Pointwise) -> Double
    ) -> Double {
        distance.value(
            distance.sums.map {
                reduction(sum($0), elements: elements, outer: outer, pixels: pixels)
            })
    }
}
