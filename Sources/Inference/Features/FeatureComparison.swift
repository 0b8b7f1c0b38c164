/// What decides the losses of given features, besides the features.
public struct FeatureLossOptions: Sendable, Equatable {
    /// Which Gram matrix the style term compares.
    public var gram: GramKind
    /// The layers of the style term by name, with weights; nil means every layer with weight 1,
    /// and an empty dictionary switches the term off. A layer that is not named is left out.
    public var styleWeights: [String: Double]?
    /// The layers of the perceptual term, likewise.
    public var perceptualWeights: [String: Double]?
    /// The factors of the terms in the total.
    public var termWeights: [Term: Double]

    /// Options, each spelled out.
    public init(
        gram: GramKind, styleWeights: [String: Double]? = nil,
        perceptualWeights: [String: Double]? = nil, termWeights: [Term: Double]
    ) {
        self.gram = gram
        self.styleWeights = styleWeights
        self.perceptualWeights = perceptualWeights
        self.termWeights = termWeights
    }
}

/// Layers of given features that belong together, and how they are compared.
public struct FeatureComparison: Sendable {
    /// The layers, in the order of the answer.
    public let layers: [FeatureLayer]
    /// The options in force.
    public let options: FeatureLossOptions
    /// The number of samples, the same in every layer.
    public let samples: Int

    /// Layers with equal numbers of samples; where the perceptual term is asked for, output and
    /// target have equal shapes. Options name layers that are there.
    public init(layers: [FeatureLayer], options: FeatureLossOptions) throws(FeatureError) {
        self.layers = layers
        self.options = options
        samples = layers.first?.output.samples ?? 0
        for layer in layers where layer.output.samples != samples {
            throw .shapeMismatch(
                "layer \(layer.name) has \(layer.output.samples) samples and layer "
                    + "\(layers[0].name) \(samples); every layer must have as many")
        }
        let names = Set(layers.map(\.name))
        for weights in [options.styleWeights, options.perceptualWeights] {
            if let stranger = weights?.keys.filter({ !names.contains($0) }).min() {
                throw .unknownLayer(
                    "there are no features of layer \(stranger); name a layer that is sent")
            }
        }
        for layer in layers where perceptualWeight(of: layer) != nil && !layer.hasEqualShapes {
            throw .shapeMismatch(
                "output.\(layer.name) has shape \(layer.output.shape) and target.\(layer.name) "
                    + "\(layer.target.shape); the perceptual loss needs equal shapes "
                    + "(an empty perceptual_layers switches it off)")
        }
    }

    private func styleWeight(of layer: FeatureLayer) -> Double? {
        options.styleWeights.map { $0[layer.name] } ?? 1
    }

    private func perceptualWeight(of layer: FeatureLayer) -> Double? {
        options.perceptualWeights.map { $0[layer.name] } ?? 1
    }
}

extension FeatureComparison {
    /// The losses of every sample.
    ///
    /// Each sample of a layer is an item that any worker of the team may take; the result does not
    /// depend on how many do.
    /// - Throws: `libraryMissing` when values in double precision need OpenBLAS and it is not there,
    ///   `nonFiniteResult` when finite features are so large that a sum overflows, and
    ///   `cancelled`.
    public func evaluate(
        instructionSet: InstructionSet = .best, team: Team
    ) throws(InferenceError) -> [PairLosses] {
        let kernels = Kernels(instructionSet)
        guard !uses64Bits || BLAS.core != nil else { throw .libraryMissing(BLAS.missing) }
        var distances = [Distances](repeating: Distances(), count: layers.count * samples)
        distances.withUnsafeMutableBufferPointer { distances in
            team.parallel(distances.count) { item in
                do {
                    try team.checkCancelled()
                    distances[item] = try self.distances(
                        layers[item / samples], sample: item % samples, kernels, team)
                } catch {
                    return  // Cancelled: the check after the loop throws.
                }
            }
        }
        try team.checkCancelled()
        var results: [PairLosses] = []
        for sample in 0..<samples {
            let ofSample = layers.indices.map { distances[$0 * samples + sample] }
            let losses = PairLosses(terms(ofSample))
            if let name = losses.firstNonFinite {
                throw .nonFiniteResult(
                    "\(name) of sample \(sample) is not finite; the features are too large")
            }
            results.append(losses)
        }
        return results
    }

    private struct Distances {
        var style: Double?
        var perceptual: Double?
    }

    private func distances(
        _ layer: FeatureLayer, sample: Int, _ kernels: Kernels, _ team: Team
    ) throws(InferenceError) -> Distances {
        var distances = Distances()
        if styleWeight(of: layer) != nil {
            distances.style = try FeatureLosses.style(
                layer, sample: sample, kind: options.gram, kernels, team)
        }
        if perceptualWeight(of: layer) != nil {
            distances.perceptual = FeatureLosses.perceptual(
                layer, sample: sample, kernels: kernels)
        }
        return distances
    }

    private var uses64Bits: Bool {
        layers.contains { $0.output.elements.is64Bits || $0.target.elements.is64Bits }
    }

    private func terms(_ distances: [Distances]) -> [TermLoss] {
        let candidates = [
            term(.perceptual, distances.map(\.perceptual), perceptualWeight),
            term(.style, distances.map(\.style), styleWeight),
        ]
        return candidates.compactMap(\.self)
    }

    private func term(
        _ term: Term, _ distances: [Double?], _ weight: (FeatureLayer) -> Double?
    ) -> TermLoss? {
        var losses: [LayerLoss] = []
        var sum = 0.0
        for (layer, distance) in zip(layers, distances) {
            guard let distance, let weight = weight(layer) else { continue }
            losses.append(LayerLoss(name: layer.name, loss: distance))
            sum += weight * distance
        }
        guard !losses.isEmpty else { return nil }
        return TermLoss(
            term: term, loss: sum, weight: options.termWeights[term] ?? 0, layers: losses)
    }
}
