/// One sample of one layer of given features, output and target.
struct FeaturePair {
    let output: FeatureTensor
    let target: FeatureTensor
    let sample: Int
    let kernels: Kernels
    let memory: BufferPool

    /// What is asked of output (0), target (1), or both together; the demand names them by their
    /// position in `images`.
    struct Demand {
        let images: [Int]
        let demand: FeatureDemand
    }

    /// What was found of a layer: losses by measure, and what they were made of.
    struct Findings {
        let losses: [FeatureMeasure: Double]
        let demands: [Demand]
        let results: [FeatureResult]
    }

    /// The losses of the layer by measure.
    ///
    /// In single precision where that is enough for the digits of the loss, else, and for features in
    /// double precision, in double. Which, depends on the pair alone.
    func findings(
        _ measures: [FeatureMeasure], at layer: String, _ demands: [Demand], _ workspace: Workspace,
        _ team: Team
    ) throws(InferenceError) -> Findings {
        try team.checkCancelled()
        if !output.elements.is64Bits, !target.elements.is64Bits {
            let results = try run(demands, as: Float.self, workspace, team)
            let losses = try losses(measures, layer, demands, results, team)
            if isEnough(measures, losses, demands, results) {
                return Findings(losses: losses, demands: demands, results: results)
            }
        }
        let results = try run(demands, as: Double.self, workspace, team)
        return Findings(
            losses: try losses(measures, layer, demands, results, team), demands: demands,
            results: results)
    }

    private func run<Element: FeatureElement>(
        _ demands: [Demand], as element: Element.Type, _ workspace: Workspace, _ team: Team
    ) throws(InferenceError) -> [FeatureResult] {
        var results: [FeatureResult] = []
        for demand in demands {
            let walk = FeatureWalk(
                demand: demand.demand, tensors: demand.images.map { $0 == 0 ? output : target },
                kernels: kernels, memory: memory)
            results.append(try walk.run(sample: sample, as: element, workspace, team))
        }
        return results
    }

    private func losses(
        _ measures: [FeatureMeasure], _ layer: String, _ demands: [Demand],
        _ results: [FeatureResult], _ team: Team
    ) throws(InferenceError) -> [FeatureMeasure: Double] {
        let pixels = output.dimensions.shape.positions
        var losses: [FeatureMeasure: Double] = [:]
        for measure in measures {
            try team.checkCancelled()
            if let kind = measure.summaryKind {
                let summaries = [0, 1].map { summary($0, kind, demands, results) }
                guard let a = summaries[0], let b = summaries[1] else { continue }
                losses[measure] = try measure.loss(
                    of: a, against: [(b, 1)], pixels: pixels, kernels: kernels,
                    check: team.checkCancelled)
            } else if measure.statistic == .jointMoments {
                losses[measure] = measure.loss(
                    ofMoments: results[0].moments[MomentDemand(0, .image(1))], at: layer,
                    pixels: pixels)
            } else {
                let sums = measure.pairRules(at: layer).compactMap {
                    results[0].pairs[PairDemand(0, .image(1), $0)]
                }
                losses[measure] = measure.loss(
                    ofPairs: sums, output.dimensions.shape, pixels: pixels)
            }
        }
        return losses
    }

    func summary(
        _ image: Int, _ kind: SummaryKind, _ demands: [Demand], _ results: [FeatureResult]
    ) -> Summary? {
        for (demand, result) in zip(demands, results) {
            guard let place = demand.images.firstIndex(of: image) else { continue }
            return result.summaries[SummaryDemand(place, kind)]
        }
        return nil
    }

    // Whether the digits of single precision, about 1e-7 of the numbers that are compared, are enough
    // for the differences that the losses are made of.
    private func isEnough(
        _ measures: [FeatureMeasure], _ losses: [FeatureMeasure: Double], _ demands: [Demand],
        _ results: [FeatureResult]
    ) -> Bool {
        guard losses.values.allSatisfy(\.isFinite) else { return false }
        for kind in measures.compactMap(\.summaryKind).unique {
            let summaries = [0, 1].compactMap { summary($0, kind, demands, results) }
            guard summaries.count == 2 else { return false }
            guard summaries[0].isWellScaled(output, sample: sample),
                summaries[1].isWellScaled(target, sample: sample),
                summaries[0].isUnlike(summaries[1])
            else { return false }
        }
        return true
    }
}

extension Summary {
    /// Whether no product of features in single precision has left its range: of each channel, the
    /// sum of squares is far from the least number, or the channel does not vary at all.
    func isWellScaled(_ tensor: FeatureTensor, sample: Int) -> Bool {
        guard kind == .products || kind == .centredProducts else { return kind == .moments }
        let least = 1e-30 * Double(shape.positions)
        return (0..<shape.channels).allSatisfy { channel in
            let squares = sums[GramMatrix.upperStart(ofRow: channel, order: shape.channels)]
            guard squares < least || !squares.isFinite else { return true }
            return squares.isFinite
                && tensor.isConstant(
                    sample: sample, channel: channel, at: kind == .products ? 0 : nil)
        }
    }

    /// Whether sums differ by more than the last digits that single precision holds: their mean
    /// difference is at least 1/256 of their mean size, or nothing.
    func isUnlike(_ other: Summary) -> Bool {
        guard kind == .products || kind == .centredProducts else { return true }
        let factors = (1 / Double(shape.positions), 1 / Double(other.shape.positions))
        var (difference, size) = (0.0, 0.0)
        for (a, b) in zip(sums, other.sums) {
            difference += abs(a * factors.0 - b * factors.1)
            size += abs(b * factors.1)
        }
        return difference == 0 || difference >= size / 256
    }
}

extension FeatureTensor {
    /// Whether a channel of a sample has one value, the one given or its first.
    func isConstant(sample: Int, channel: Int, at value: Float?) -> Bool {
        guard case .float32(let values) = elements else { return false }
        let start = sample * dimensions.shape.count + channel * dimensions.channelStride
        let value = value ?? values[start]
        return (0..<dimensions.shape.positions).allSatisfy {
            values[start + $0 * dimensions.positionStride] == value
        }
    }
}
