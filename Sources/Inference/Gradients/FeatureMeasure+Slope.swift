extension FeatureMeasure {
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
                of: subject, elementSlopes(a, b, pixels: pixels, factor: factor, gram), a)
        case (.vectors(let a), .vectors(let b)):
            let slopes = zip(a, b).map { a, b in
                elementSlopes(zip(a, b).map { $0 - $1 }, outer: 1, pixels: pixels, factor)
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
            AffineSlope(diagonal: slope.own, shift: slope.shift),
            AffineSlope(diagonal: slope.others, shift: slope.shift.map { _ in 0 })
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
            DifferenceSlope(
                rule: rule, factor: factor * slope * scale, scale: scale, unit: unit,
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

    // By each element, from the differences of all.
    private func elementSlopes(
        _ differences: [Double], outer: Int, pixels: Int, _ factor: Double
    ) -> [Double] {
        let rules = distance.sums
        let sums = rules.map { rule in differences.reduce(0) { $0 + rule($1) } }
        let slopes = sumSlopes(
            sums, elements: differences.count, outer: outer, pixels: pixels
        ).map { $0 * factor }
        var elements = [Double](repeating: 0, count: differences.count)
        for (rule, slope) in zip(rules, slopes) {
            for i in elements.indices { elements[i] += slope * rule.slope(differences[i]) }
        }
        return elements
    }

    private func elementSlopes(
        _ a: GramMatrix, _ b: GramMatrix, pixels: Int, factor: Double, _ gram: Gram
    ) -> [Double] {
        var differences = a.differences(from: b)
        if gram.normaliser == .deviations {
            // A correlation with itself is 1 whatever the features are: its rounding has no sign.
            for i in 0..<a.order { differences[i * a.order + i] = 0 }
        }
        return elementSlopes(differences, outer: a.count * a.order, pixels: pixels, factor)
    }

    // Of the means, and of the deviations where there are such.
    private func momentSlope(of summary: Summary, _ slopes: [[Double]]) -> AffineSlope {
        let positions = Double(summary.shape.positions)
        var shift = slopes[0].map { $0 / positions }
        var diagonal = shift.map { _ in 0.0 }
        if case .meanDeviation(let eps, let isUnbiased) = statistic {
            let divisor = isUnbiased ? positions - 1 : positions
            for c in diagonal.indices {
                // d√(S/n + ε)/dF = (F − m)/(n √(S/n + ε))
                let deviation = (summary.sums[c] / divisor + eps).squareRoot()
                guard deviation > 0 else { continue }
                diagonal[c] = slopes[1][c] / (divisor * deviation)
                shift[c] -= diagonal[c] * summary.means[c]
            }
        }
        return AffineSlope(diagonal: diagonal, shift: shift)
    }

    // dL/dF = 2/N · D F_c + dL/dm/N for the gradients by covariance and mean.
    private func gaussianSlope(
        of summary: Summary, _ slopes: (mean: [Double], covariance: SymmetricMatrix),
        _ factor: Double
    ) -> SummarySlope {
        let (order, positions) = (summary.shape.channels, Double(summary.shape.positions))
        var values = [Double](repeating: 0, count: order * order)
        var shift = slopes.mean.map { $0 * factor / positions }
        for row in 0..<order {
            for column in 0..<order {
                let value = slopes.covariance[row, column] * 2 * factor / positions
                values[row * order + column] = value
                shift[row] -= value * summary.means[column]
            }
        }
        return SummarySlope(parts: [AffineSlope(matrix: values, shift: shift)], side: nil)
    }
}

extension Gram {
    /// The gradient with respect to the features of what has the gradient D with respect to the
    /// matrix, or those of patches: `2 s²/n · D F`, of centred products `D F_c`, for the rows of D F_c
    /// have no mean.
    fileprivate func slope(
        of summary: Summary, _ elements: [Double], _ matrix: GramMatrix
    ) -> SummarySlope {
        let square = matrix.order * matrix.order
        let parts = (0..<matrix.count).map { number in
            part(
                of: summary, Array(elements[number * square..<(number + 1) * square]), matrix)
        }
        return SummarySlope(parts: parts, side: patch)
    }

    private func part(
        of summary: Summary, _ elements: [Double], _ matrix: GramMatrix
    ) -> AffineSlope {
        let order = summary.shape.channels
        let positions = patch.map { $0 * $0 } ?? summary.shape.positions
        var values = elements
        let square = scale * scale
        let factor: Double
        switch normaliser {
        case .none: factor = 2 * square
        case .positions: factor = 2 * square / Double(positions)
        case .elements: factor = 2 * square / Double(order * positions)
        case .constant(let constant): factor = 2 * square / constant
        case .deviations:
            values = correlationSlopes(elements, matrix.values, summary)
            factor = 2
        }
        for i in values.indices { values[i] *= factor }
        var shift = [Double](repeating: 0, count: order)
        if isCentred {
            for row in 0..<order {
                shift[row] = -(0..<order).reduce(0) {
                    $0 + values[row * order + $1] * summary.means[$1]
                }
            }
        }
        return AffineSlope(matrix: values, shift: shift)
    }

    /// From D with respect to R_ij = P_ij a_i a_j, a_i = P_ii^−½, to the gradient with respect to P: off
    /// the diagonal D_ij a_i a_j, on it −a_i² Σ_{j≠i} D_ij R_ij; D has no diagonal.
    private func correlationSlopes(
        _ elements: [Double], _ correlations: [Double], _ summary: Summary
    ) -> [Double] {
        let order = summary.shape.channels
        let reciprocals = (0..<order).map { row in
            let square = summary.sums[GramMatrix.upperStart(ofRow: row, order: order)]
            return square > 0 ? 1 / square.squareRoot() : 0
        }
        var values = elements
        for i in 0..<order {
            var along = 0.0
            for j in 0..<order {
                along += elements[i * order + j] * correlations[i * order + j]
                values[i * order + j] *= reciprocals[i] * reciprocals[j]
            }
            values[i * order + i] = -reciprocals[i] * reciprocals[i] * along
        }
        return values
    }
}

extension Distance {
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
