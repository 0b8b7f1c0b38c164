/// A loss as a value: all that decides its number, besides the images and the weights of the network.
public struct Loss: Sendable, Hashable {
    /// The name in requests, or the one its author gave it.
    public var name: String
    /// What it is and where it comes from, in a sentence.
    public var summary: String
    /// The source of its formulas and constants.
    public var citation: String
    /// The network that it is defined on.
    public var network: LossNetwork
    /// What the network is fed with; nil for what its weights were trained with.
    public var input: Preprocessing?
    /// The scale of input that the weights of the terms were set for, where neither `input` nor the
    /// network's weights say so.
    public var inputScale: Double?
    /// What images are brought to before they are compared; nil leaves them as they are.
    ///
    /// `LossEvaluator` compares images at the size that it is given, so that what is known of a target
    /// is of the target as it is compared: whoever calls it resamples first, as `resamplings` say, and adds
    /// the levels up with `Evaluation.sum`.
    public var resize: Resize?
    /// How many sizes of the images, each half of the one before, have their losses added; at least 1,
    /// which is that of the images alone.
    public var levels: Int
    /// What 1 means in a mask, unless the request says otherwise.
    public var maskPolarity: MaskPolarity
    /// The terms, in the order of the answer; their keys differ.
    public var terms: [Term]

    /// A loss.
    public init(
        name: String, summary: String, citation: String, network: LossNetwork = LossNetwork(),
        input: Preprocessing? = nil, inputScale: Double? = nil, resize: Resize? = nil,
        levels: Int = 1, maskPolarity: MaskPolarity = .valid,
        terms: [Term]
    ) {
        self.name = name
        self.summary = summary
        self.citation = citation
        self.network = network
        self.input = input
        self.inputScale = inputScale
        self.resize = resize
        self.levels = levels
        self.maskPolarity = maskPolarity
        self.terms = terms
    }

    /// The names of all layers, each once, in the order of the terms.
    public var layers: [String] {
        var seen: Set<String> = []
        return terms.flatMap { $0.features?.layers ?? [] }.map(\.name).filter {
            seen.insert($0).inserted
        }
    }

    /// Whether channels have learned factors, which go with one training of the network.
    public var usesLearnedWeights: Bool { terms.contains { $0.features?.learned != nil } }

    /// The taps of all layers, each once, in the order of the network.
    /// - Throws: `unknownLayer` for a layer that the architecture does not have.
    public func taps(in architecture: Architecture) throws(InferenceError) -> [Tap] {
        let known = VGG.taps(architecture)
        var wanted: Set<Tap> = []
        for name in layers {
            guard let tap = Tap(name), known.contains(tap) else { throw .unknownLayer(name) }
            wanted.insert(tap)
        }
        return known.filter(wanted.contains)
    }

    /// The same loss with other layers in its terms, the perceptual ones (whose statistic is pairwise)
    /// and the style ones (all others), and another kind of Gram matrix where there is one; nil leaves
    /// what is there.
    public func changed(
        style: [LayerWeight]? = nil, perceptual: [LayerWeight]? = nil, gram: GramKind? = nil
    ) -> Loss {
        var loss = self
        for index in terms.indices {
            guard var measure = terms[index].features else { continue }
            let isPairwise = measure.statistic.isPairwise
            measure.layers = (isPairwise ? perceptual : style) ?? measure.layers
            if let gram, case .gram(let old) = measure.statistic {
                var new = Gram(gram)
                (new.scale, new.patch) = (old.scale, old.patch)
                measure.statistic = .gram(new)
            }
            loss.terms[index].features = measure
        }
        return loss
    }
}
