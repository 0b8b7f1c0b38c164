/// One term of a loss, under the key of the answer.
public struct Term: Sendable, Hashable {
    /// The name in answers and in `term_weights`.
    public var key: String
    /// The factor in the total.
    public var weight: Double
    /// The factor in the gradient, of a loss that minimises another sum than it reports; nil for that
    /// in the total.
    public var gradientWeight: Double?
    /// What is compared with the target.
    public var subject: Subject
    /// What is measured.
    public var measure: Measure

    /// A term.
    public init(
        _ key: String, weight: Double, gradientWeight: Double? = nil, subject: Subject = .output,
        _ measure: Measure
    ) {
        self.key = key
        self.weight = weight
        self.gradientWeight = gradientWeight
        self.subject = subject
        self.measure = measure
    }

    /// What the term's gradient is multiplied by.
    var slopeWeight: Double { gradientWeight ?? weight }

    /// Whether the term is only there when a pair has a mask M (1 = valid).
    public var needsMask: Bool {
        switch measure {
        case _ where subject != .output: true
        case .features(let features): features.weighsPositions
        case .pixels(let pixels): pixels.region != .all || pixels.divisor != .all
        case .variation(let variation): variation.isInHole
        }
    }

    /// The measure of features; nil for a term of pixels.
    public var features: FeatureMeasure? {
        get { if case .features(let features) = measure { features } else { nil } }
        set { if let newValue { measure = .features(newValue) } }
    }
}

/// What a term compares with the target.
public enum Subject: String, Sendable, CaseIterable {
    /// The image that a model made.
    case output
    /// `M·target + (1 − M)·output`
    case composite
    /// `(1 − M)·output`, against `(1 − M)·target`: what is in the hole. For features alone.
    case hole
}

/// What a term measures.
public enum Measure: Sendable, Hashable {
    /// A statistic of features, layer by layer.
    case features(FeatureMeasure)
    /// Differences of pixels; no network is run.
    case pixels(PixelMeasure)
    /// The total variation of the subject; no network is run.
    case variation(VariationMeasure)
}

/// A statistic of features, a distance and a reduction, at some layers.
public struct FeatureMeasure: Sendable, Hashable {
    /// The layers with their weights, in the order of the answer, each once.
    public var layers: [LayerWeight]
    /// What of the features is compared.
    public var statistic: Statistic
    /// How.
    public var distance: Distance
    /// How the sum over elements becomes the layer's loss.
    public var reduction: Reduction
    /// The learned factors of channels; every channel counts as 1 when nil.
    public var learned: LearnedWeights?
    /// The weight w of each position: 1, or M or 1 − M as large as the layer (`PositionWeights`). Gram
    /// matrices are of w·F, and differences of features count w times
    /// (google-research/frame-interpolation a0d73e5, losses/vgg19_loss.py). For features and for Gram
    /// matrices that are neither centred nor of patches.
    public var region: PixelRegion
    /// The positions that means and normalisers count: all, or each by its weight, which is for
    /// differences `Σ w` and for Gram matrices `Σ w²` of them. `all`, or the region.
    public var divisor: PixelRegion

    /// A measure.
    public init(
        _ layers: [LayerWeight], _ statistic: Statistic, _ distance: Distance,
        _ reduction: Reduction = .mean, learned: LearnedWeights? = nil,
        region: PixelRegion = .all, divisor: PixelRegion = .all
    ) {
        self.learned = learned
        self.layers = layers
        self.statistic = statistic
        self.distance = distance
        self.reduction = reduction
        self.region = region
        self.divisor = divisor
    }

    /// The weights of positions; nil where all count alike.
    var weighting: PositionWeighting? {
        guard region != .all else { return nil }
        guard divisor != .all else { return PositionWeighting(region) }
        switch statistic {
        case .gram(let gram):
            let counts = gram.normaliser == .positions || gram.normaliser == .elements
            return PositionWeighting(region, counts ? .rootMeanSquare : .one)
        default:
            return PositionWeighting(region, reduction.divisor == .sum ? .one : .mean)
        }
    }

    /// The sums that the statistic is made of, in the measure's region; nil when it is pairwise.
    package var summaryKind: SummaryKind? {
        guard let weighting, let kind = statistic.summaryKind else { return statistic.summaryKind }
        precondition(kind == .products, "no sums of weighted positions but products")
        return .weightedProducts(weighting)
    }

    /// Whether positions have weights, so that a mask is needed.
    public var weighsPositions: Bool { region != .all }

    /// Whether the statistic has a meaning where positions have weights.
    public var allowsRegion: Bool {
        if case .features = statistic { true } else { statistic.summaryKind == .products }
    }

    /// The power of s by which the measure grows when features are multiplied by s.
    public var degree: Int { statistic.degree * distance.degree }
}

/// A layer and the factor its loss enters a term with.
public struct LayerWeight: Sendable, Hashable {
    /// The layer's name: that of a tap of the network, or one of a client's own.
    public let name: String
    /// The factor, finite.
    public let weight: Double

    /// A layer with a factor, 1 when not said.
    public init(_ name: String, weight: Double = 1) {
        self.name = name
        self.weight = weight
    }
}
