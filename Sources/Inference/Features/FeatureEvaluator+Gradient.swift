/// The losses of given features with their gradients.
public struct FeatureGradientEvaluation: Sendable {
    /// As `evaluate` gives them, bit for bit.
    public let losses: [PairLosses]
    /// By layer, then by sample: the gradients of the totals with respect to the output, in the order
    /// and in the precision of its values.
    public let gradients: [[FeatureTensor.Elements]]
    /// How much of the time the gradients took.
    public let backward: Duration
}

extension FeatureEvaluator {
    /// The losses of every sample and the gradients of their totals.
    /// - Throws: what `evaluate` throws.
    public func gradients(
        _ tensors: Tensors, instructionSet: InstructionSet = .best, team: Team
    ) throws(InferenceError) -> FeatureGradientEvaluation {
        typealias Item = (
            losses: [FeatureMeasure: Double], gradient: FeatureTensor.Elements, backward: Duration
        )
        let weights = weights
        let items = try map(tensors, instructionSet, team) {
            pair, layer, findings throws(InferenceError) -> Item in
            let start = ContinuousClock.now
            let gradient = try pair.gradient(
                weights[layers[layer].name] ?? [], at: layers[layer].name, findings, team)
            return (findings.losses, gradient, start.duration(to: .now))
        }
        return FeatureGradientEvaluation(
            losses: try results(of: items.map(\.losses)),
            gradients: layers.indices.map { layer in
                items[layer * samples..<(layer + 1) * samples].map(\.gradient)
            },
            // Items are worked on side by side.
            backward: items.reduce(.zero) { $0 + $1.backward } / min(team.workers, items.count))
    }

    /// Bytes that the gradients take, their own besides those of `evaluate`, with a number of workers.
    public func estimateGradientBytes(workers: Int) -> Int {
        var total = 0
        for layer in layers {
            let shape = layer.output.shape
            let (all, overflow) = shape.count.multipliedReportingOverflow(by: 8 * samples)
            let own = FeatureGradient<Double>.bytes(shape)
                .multipliedReportingOverflow(by: min(workers, samples))
            guard !overflow, !own.overflow else { return .max }
            let sum = total.addingReportingOverflow(all)
            let both = sum.partialValue.addingReportingOverflow(own.partialValue)
            guard !sum.overflow, !both.overflow else { return .max }
            total = both.partialValue
        }
        return total
    }

    // By layer, the measures there and their factors in the total.
    private var weights: [String: [(measure: FeatureMeasure, factor: Double)]] {
        var weights: [String: [(measure: FeatureMeasure, factor: Double)]] = [:]
        for term in loss.terms {
            guard let measure = term.features else { continue }
            for layer in measure.layers {
                weights[layer.name, default: []].append((measure, term.weight * layer.weight))
            }
        }
        return weights
    }
}

extension FeaturePair {
    /// The gradient of the sum of weighted losses of measures.
    func gradient(
        _ weights: [(measure: FeatureMeasure, factor: Double)], at layer: String,
        _ findings: Findings, _ team: Team
    ) throws(InferenceError) -> FeatureTensor.Elements {
        let shape = output.dimensions.shape
        var summaries: [SummarySlope] = []
        var others: [AffineSlope] = []
        var differences: [DifferenceSlope] = []
        for (measure, factor) in weights where factor != 0 {
            if measure.statistic == .jointMoments {
                guard let moments = findings.results[0].moments[MomentDemand(0, .image(1))],
                    let slopes = measure.slopes(
                        ofMoments: moments, at: layer, pixels: shape.positions, factor: factor)
                else { continue }
                summaries.append(SummarySlope(parts: [slopes.own], side: nil))
                others.append(slopes.others)
                continue
            }
            guard let kind = measure.statistic.summaryKind else {
                let sums = measure.pairRules(at: layer).map {
                    findings.results[0].pairs[PairDemand(0, .image(1), $0)] ?? .nan
                }
                differences += measure.slopes(
                    ofPairs: sums, at: layer, shape, pixels: shape.positions, factor: factor)
                continue
            }
            let both = [0, 1].map { summary($0, kind, findings.demands, findings.results) }
            guard let own = both[0], let other = both[1],
                let slope = try measure.slope(
                    of: own, against: [(other, 1)], pixels: shape.positions, factor: factor,
                    kernels: kernels, check: team.checkCancelled)
            else { continue }
            summaries.append(slope)
        }
        if output.elements.is64Bits {
            return .float64(try values(as: Double.self, summaries, others, differences, team))
        }
        if target.elements.is64Bits {
            return .float32(
                try values(as: Double.self, summaries, others, differences, team).map { Float($0) })
        }
        return .float32(try values(as: Float.self, summaries, others, differences, team))
    }

    private func values<Element: FeatureElement>(
        as element: Element.Type, _ summaries: [SummarySlope], _ others: [AffineSlope],
        _ differences: [DifferenceSlope], _ team: Team
    ) throws(InferenceError) -> [Element] {
        let gradient = FeatureGradient<Element>(
            output: output, target: target, sample: sample, kernels: kernels)
        return try gradient.values(summaries, others: others, differences, team)
    }
}
