/// Compares given features as a loss says: the road of images without the network.
public struct FeatureEvaluator: Sendable {
    /// One layer of a body: the dimensions of output and target.
    public typealias Layer = (name: String, output: FeatureDimensions, target: FeatureDimensions)

    /// The loss in force: its terms have layers of the body, and those alone.
    public let loss: Loss
    /// The number of samples, the same in every layer.
    public let samples: Int
    let layers: [Layer]
    /// What each layer is measured by, and its place among the layers.
    private let measures: [String: [FeatureMeasure]]
    private let places: [String: Int]

    /// An evaluator of layers that belong together; the loss names layers that are there.
    /// - Throws: `shapeMismatch` and `unknownLayer`.
    public init(_ loss: Loss, layers: [Layer]) throws(FeatureError) {
        self.loss = loss
        self.layers = layers
        samples = layers.first?.output.samples ?? 0
        measures = loss.measuresByLayer
        places = Dictionary(
            layers.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        for layer in layers { try Self.check(layer, in: layers, measures[layer.name] ?? []) }
        if let stranger = loss.layers.first(where: { places[$0] == nil }) {
            throw .unknownLayer(
                "there are no features of layer \(stranger); name a layer that is sent")
        }
    }

    private static func check(
        _ layer: Layer, in layers: [Layer], _ measures: [FeatureMeasure]
    ) throws(FeatureError) {
        let (name, output, target) = layer
        guard output.samples == target.samples else {
            throw .shapeMismatch(
                "output.\(name) has \(output.samples) samples and target.\(name) "
                    + "\(target.samples); samples are matched index by index")
        }
        guard output.shape.channels == target.shape.channels else {
            throw .shapeMismatch(
                "output.\(name) has \(output.shape.channels) channels and target.\(name) "
                    + "\(target.shape.channels); they must be equal")
        }
        guard output.samples == layers[0].output.samples else {
            throw .shapeMismatch(
                "layer \(name) has \(output.samples) samples and layer \(layers[0].name) "
                    + "\(layers[0].output.samples); every layer must have as many")
        }
        for measure in measures {
            if let learned = measure.learned {
                guard let channels = learned.channels(at: name) else {
                    throw .unknownLayer(
                        "there are no learned weights \(learned.rawValue) for a layer \(name); they "
                            + "are for \(LearnedWeights.layers.joined(separator: ", "))")
                }
                guard channels == output.shape.channels else {
                    throw .shapeMismatch(
                        "layer \(name) has \(output.shape.channels) channels, and the learned weights "
                            + "\(learned.rawValue) are for \(channels)")
                }
            }
            guard output.shape == target.shape || !measure.comparesPositions else {
                throw .shapeMismatch(
                    "output.\(name) has shape \(output.sizes) and target.\(name) "
                        + "\(target.sizes); "
                        + (measure.statistic.isPairwise
                            ? "the perceptual loss needs equal shapes (an empty perceptual_layers "
                                + "switches it off)"
                            : "statistics of patches need equal shapes"))
            }
            for shape in [output.shape, target.shape] where !measure.isDefined(on: shape) {
                throw .shapeMismatch(
                    "layer \(name) is \(shape.height)x\(shape.width), too small for a term's "
                        + "statistic, which needs at least \(measure.leastSide) a side")
            }
        }
    }

    /// Bytes that the work takes besides the tensors, with a number of workers.
    public func estimateBytes(workers: Int) -> Int {
        let walks = layers.map { layer in
            let demands = demands(of: layer)
            let measures = measures[layer.name] ?? []
            let own = measures.map { $0.matrixBytes(channels: layer.output.shape.channels) }
            return demands.reduce(own.max() ?? 0) { total, part in
                let (sum, overflow) = total.addingReportingOverflow(
                    FeatureWalk.bytes(
                        part.demand, part.images[0] == 0 ? layer.output.shape : layer.target.shape,
                        images: part.images.count))
                return overflow ? .max : sum
            }
        }
        let (bytes, overflow) = (walks.max() ?? 0)
            .multipliedReportingOverflow(by: min(workers, max(1, layers.count * samples)))
        return overflow ? .max : bytes
    }
}

extension FeatureEvaluator {
    /// Output and target of each layer, in order.
    public typealias Tensors = [(output: FeatureTensor, target: FeatureTensor)]

    /// The losses of every sample.
    ///
    /// Each sample of a layer is an item that any worker of the team may take; the result does not
    /// depend on how many do.
    /// - Throws: `nonFiniteResult` when finite features are so large that a sum overflows, `cancelled`,
    ///   and `outOfMemory`.
    public func evaluate(
        _ tensors: Tensors, instructionSet: InstructionSet = .best, team: Team
    ) throws(InferenceError) -> [PairLosses] {
        try results(
            of: map(tensors, instructionSet, team) { _, _, findings in findings.losses })
    }

    /// What is made of the findings of each sample of each layer.
    func map<Result: Sendable>(
        _ tensors: Tensors, _ instructionSet: InstructionSet, _ team: Team,
        _ body: (FeaturePair, _ layer: Int, FeaturePair.Findings) throws(InferenceError) -> Result
    ) throws(InferenceError) -> [Result] {
        let kernels = Kernels(instructionSet)
        let memory = BufferPool(retainedBytesMax: 64 << 20)
        let scratch =
            layers.flatMap { [$0.output.shape, $0.target.shape] }
            .map(FeatureWalk.scratchCount).max() ?? 0
        return try team.reserving(scratch: scratch).mapWithWorkspace(layers.count * samples) {
            item, workspace throws(InferenceError) in
            let (layer, sample) = item.quotientAndRemainder(dividingBy: samples)
            let pair = FeaturePair(
                output: tensors[layer].output, target: tensors[layer].target, sample: sample,
                kernels: kernels, memory: memory)
            let findings = try pair.findings(
                measures[layers[layer].name] ?? [], at: layers[layer].name,
                demands(of: layers[layer]), workspace, team)
            return try body(pair, layer, findings)
        }
    }

    /// The losses of samples from those of layers by measure, in the order of `map`.
    func results(
        of values: [[FeatureMeasure: Double]]
    ) throws(InferenceError) -> [PairLosses] {
        var results: [PairLosses] = []
        for sample in 0..<samples {
            let losses = PairLosses(
                terms { layer, measure in values[layer * samples + sample][measure] })
            if let name = losses.firstNonFinite {
                throw .nonFiniteResult(
                    "\(name) of sample \(sample) is not finite; the features are too large")
            }
            results.append(losses)
        }
        return results
    }

    private func terms(_ value: (_ layer: Int, FeatureMeasure) -> Double?) -> [TermLoss] {
        loss.terms.compactMap { term in
            guard let measure = term.features, !measure.layers.isEmpty else { return nil }
            let losses = measure.layers.map { layer in
                let index = places[layer.name] ?? 0
                return (layer: layer, loss: value(index, measure.alone(at: layer)) ?? .nan)
            }
            return TermLoss(term, losses)
        }
    }

    /// What is asked of a layer: of output (0) and target (1) together where their shapes are equal,
    /// else of each by itself.
    private func demands(of layer: Layer) -> [FeaturePair.Demand] {
        let measures = measures[layer.name] ?? []
        let kinds = measures.compactMap(\.summaryKind).unique
        guard layer.output.shape == layer.target.shape else {
            return [0, 1].map { image in
                FeaturePair.Demand(
                    images: [image],
                    demand: FeatureDemand(summaries: kinds.map { SummaryDemand(0, $0) }))
            }
        }
        let pairs = measures.flatMap { $0.pairRules(at: layer.name) }.unique
            .map { PairDemand(0, .image(1), $0) }
        let joins = measures.contains { $0.statistic == .jointMoments }
        let summaries = [0, 1].flatMap { image in kinds.map { SummaryDemand(image, $0) } }
        return [
            FeaturePair.Demand(
                images: [0, 1],
                demand: FeatureDemand(
                    summaries: summaries, pairs: pairs,
                    moments: joins ? [MomentDemand(0, .image(1))] : []))
        ]
    }
}

extension Loss {
    /// The measures of the terms by layer, each with that layer alone: what a name costs must not grow
    /// with the number of the others.
    fileprivate var measuresByLayer: [String: [FeatureMeasure]] {
        var measures: [String: [FeatureMeasure]] = [:]
        for measure in terms.compactMap(\.features) {
            for layer in measure.layers {
                measures[layer.name, default: []].append(measure.alone(at: layer))
            }
        }
        return measures
    }

    /// The loss for a body whose layers are these: its terms of output and target with layers. A layer
    /// that the loss names is in the terms that name it, with its weight there; a layer with a name of
    /// the client's own is in every term, with weight 1. No image is brought to another size.
    public func given(layers names: [String]) -> Loss {
        let known = Set(layers)
        var loss = self
        (loss.resize, loss.levels) = (nil, 1)
        loss.terms = terms.compactMap { term in
            guard var measure = term.features, !term.needsMask else { return nil }
            measure.layers = names.compactMap { name in
                known.contains(name)
                    ? measure.layers.first { $0.name == name } : LayerWeight(name)
            }
            var term = term
            term.features = measure
            return term
        }
        return loss
    }
}

extension FeatureMeasure {
    fileprivate func alone(at layer: LayerWeight) -> FeatureMeasure {
        var measure = self
        measure.layers = [layer]
        return measure
    }
}
