extension FeatureMeasure {
    /// Whether the signs of the differences of features are all that its gradient needs of them.
    var needsSignsAlone: Bool {
        guard case .features(_, nil) = statistic, weighting == nil else { return false }
        return distance.sums == [.absolute]
    }

    /// The gradient of `factor` times the loss of a layer whose statistic is a summary, with respect to
    /// the features that were summed up.
    /// - Parameter check: called again and again where it takes long; what it throws ends the work.
    package func slope(
        of subject: Summary, against targets: [(summary: Summary, weight: Double)], pixels: Int,
        factor: Double, kernels: Kernels, check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> SummarySlope? {
        let values = targets.map { (StatisticValue(statistic, $0.summary), $0.weight) }
        let target = values.count == 1 ? values[0].0 : StatisticValue(blending: values)
        switch (StatisticValue(statistic, subject), target) {
        case (.matrix(let a), .matrix(let b)):
            guard case .gram(let gram) = statistic else { return nil }
            return gram.slope(
                of: subject, upper: elementSlopes(a, b, pixels: pixels, factor: factor, gram), a)
        case (.vectors(let a), .vectors(let b)):
            let slopes = zip(a, b).map { a, b in
                let differences = zip(a, b).map { $0 - $1 }
                return elementSlopes(
                    differences,
                    sums: distance.sums.map { rule in
                        differences.reduce(0) { $0 + rule($1) }
                    }, elements: differences.count, outer: 1, pixels: pixels, factor)
            }
            return SummarySlope(parts: [momentSlope(of: subject, slopes)], side: nil)
        case (.gaussian(let a), .gaussian(let b)):
            guard case .gaussian(_, let steps) = statistic else { return nil }
            let slopes = try a.slopes(to: b, steps: steps, kernels: kernels, check: check)
            return gaussianSlope(of: subject, slopes, factor)
        default: return nil
        }
    }

    /// The gradient of `factor` times the loss of a layer whose statistic is of both images' moments: one
    /// part affine in the subject's features, one in the target's.
    package func slopes(
        ofMoments moments: JointMoments, at layer: String, pixels: Int, factor: Double
    ) -> (own: AffineSlope, others: AffineSlope)? {
        guard let structural = distance.structural(learned?.factors(at: layer)) else { return nil }
        let unit = reduction(1, elements: moments.means.count, outer: 1, pixels: pixels)
        let slope = structural.slope(moments, factor: factor * unit)
        return (
            AffineSlope(diagonal: slope.own, centre: slope.means, shift: slope.shift),
            AffineSlope(
                diagonal: slope.others, centre: slope.targetMeans,
                shift: slope.shift.map { _ in 0 })
        )
    }

    /// The gradient of `factor` times the loss of a layer whose statistic is pairwise, from the sums of
    /// `pairRules`, in order.
    /// - Parameter weights: those of the positions, where they have such.
    package func slopes(
        ofPairs sums: [Double], at layer: String, _ shape: FeatureShape,
        weights: PositionWeights? = nil, pixels: Int, factor: Double
    ) -> [DifferenceSlope] {
        guard case .features(let given, let unit) = statistic else { return [] }
        // At unit length a factor makes no difference.
        let scale = unit == nil ? given : 1
        let full = zip(sums, distance.sums).map { sum, rule in
            let scaling = rule.scaled(by: scale).factor
            return scaling == 1 ? sum : sum * scaling
        }
        let slopes = sumSlopes(
            full, elements: shape.count, outer: shape.positions, pixels: pixels)
        return zip(distance.sums, slopes).map { rule, slope in
            // The sign of a difference does not depend on its scale.
            let (outer, inner) =
                rule == .absolute && unit == nil ? (abs(scale), 1) : (scale, scale)
            return DifferenceSlope(
                rule: rule, factor: factor * slope * outer, scale: inner, unit: unit,
                learned: learned.map { LearnedLayer(weights: $0, layer: layer) },
                weights: weights)
        }
    }

    /// The derivatives of the loss by each of the sums that its distance is made of.
    private func sumSlopes(
        _ sums: [Double], elements: Int, outer: Int, pixels: Int
    ) -> [Double] {
        let unit = reduction(1, elements: elements, outer: outer, pixels: pixels)
        return distance.slopes(sums.map { $0 * unit }).map { $0 * unit }
    }

    // By each element, from the differences of all and what each rule makes of them in sum.
    private func elementSlopes(
        _ differences: [Double], sums: [Double], elements: Int, outer: Int, pixels: Int,
        _ factor: Double
    ) -> [Double] {
        let slopes = sumSlopes(sums, elements: elements, outer: outer, pixels: pixels)
        var sum = [Double](repeating: 0, count: differences.count)
        for (rule, slope) in zip(distance.sums, slopes) {
            rule.addSlopes(at: differences, times: slope * factor, to: &sum)
        }
        return sum
    }

    private func elementSlopes(
        _ a: GramMatrix, _ b: GramMatrix, pixels: Int, factor: Double, _ gram: Gram
    ) -> [Double] {
        var differences = a.upperDifferences(from: b)
        if gram.normaliser == .deviations {
            // A correlation with itself is 1 whatever the features are: its rounding has no sign.
            for matrix in 0..<a.count {
                for row in 0..<a.order {
                    let start = GramMatrix.upperStart(ofRow: row, order: a.order)
                    differences[matrix * GramMatrix.upperCount(order: a.order) + start] = 0
                }
            }
        }
        return elementSlopes(
            differences,
            sums: distance.slopesNeedSums ? distance.sums.map { a.sum($0, to: b) } : [],
            elements: a.count * a.order * a.order, outer: a.count * a.order, pixels: pixels, factor)
    }

    // Of the means, and of the deviations where there are such.
    private func momentSlope(of summary: Summary, _ slopes: [[Double]]) -> AffineSlope {
        let positions = Double(summary.shape.positions)
        let shift = slopes[0].map { $0 / positions }
        var diagonal = shift.map { _ in 0.0 }
        if case .meanDeviation(let eps, let isUnbiased) = statistic {
            let divisor = isUnbiased ? positions - 1 : positions
            for c in diagonal.indices {
                // d√(S/n + ε)/dF = (F − m)/(n √(S/n + ε))
                let deviation = (summary.sums[c] / divisor + eps).squareRoot()
                guard deviation > 0 else { continue }
                diagonal[c] = slopes[1][c] / (divisor * deviation)
            }
        }
        return AffineSlope(diagonal: diagonal, centre: summary.means, shift: shift)
    }

    // dL/dF = 2/N · D F_c + dL/dm/N for the gradients by covariance and mean.
    private func gaussianSlope(
        of summary: Summary, _ slopes: (mean: [Double], covariance: SymmetricMatrix),
        _ factor: Double
    ) -> SummarySlope {
        let (order, positions) = (summary.shape.channels, Double(summary.shape.positions))
        let upper = (0..<order).flatMap { row in
            (row..<order).map { slopes.covariance[row, $0] * 2 * factor / positions }
        }
        let slope = AffineSlope(
            upper: upper, centre: summary.means,
            shift: slopes.mean.map { $0 * factor / positions })
        return SummarySlope(parts: [slope], side: nil)
    }
}

extension Distance {
    /// Whether `slopes` depend on the sums.
    fileprivate var slopesNeedSums: Bool {
        switch self {
        case .l2, .scaledSquared: true
        default: false
        }
    }

    /// The derivatives of the distance by its reduced sums; that of a root at 0 is 0.
    package func slopes(_ reduced: [Double]) -> [Double] {
        switch self {
        case .l2:
            let root = reduced[0].squareRoot()
            return [root > 0 ? 0.5 / root : 0]
        case .scaledSquared(let eps):
            let divisor = reduced[1] + eps
            return [1 / divisor, -reduced[0] / (divisor * divisor)]
        default: return [1]
        }
    }
}
