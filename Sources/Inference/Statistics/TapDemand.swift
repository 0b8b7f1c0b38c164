/// What is wanted of the features of a stack of images at one place; whatever is not named is not
/// computed. Images are named by their position in the stack.
public struct FeatureDemand: Sendable, Hashable {
    /// The summaries of single images.
    public var summaries: [SummaryDemand]
    /// The sums over pairs of images.
    public var pairs: [PairDemand]
    /// The pairs whose sums are wanted of each pixel.
    public var pairMaps: [PairDemand]
    /// The moments of pairs of images.
    public var moments: [MomentDemand]
    /// The images whose whole features are kept.
    public var maps: [Int]

    /// A demand.
    public init(
        summaries: [SummaryDemand] = [], pairs: [PairDemand] = [], pairMaps: [PairDemand] = [],
        moments: [MomentDemand] = [], maps: [Int] = []
    ) {
        self.summaries = summaries
        self.pairs = pairs
        self.pairMaps = pairMaps
        self.moments = moments
        self.maps = maps
    }

    /// The weights that positions are given, each image's by its own mask.
    var weights: [WeightDemand] {
        (summaries.compactMap(\.weights) + (pairs + pairMaps).compactMap(\.weights)).unique
    }

    /// Bytes of the results: summaries, kept features and the weights of positions.
    func resultBytes(_ shape: FeatureShape) -> Int {
        maps.count * shape.count * MemoryLayout<Float>.stride
            + 2 * pairMaps.count * shape.positions * MemoryLayout<Double>.stride
            + summaryBytes(shape)
            + weights.count
            * PositionWeights.byteCount(height: shape.height, width: shape.width)
    }

    /// Bytes of the summaries alone.
    func summaryBytes(_ shape: FeatureShape) -> Int {
        summaries.reduce(0) { $0 + Summary.byteCount(of: $1.kind, shape) }
    }
}

/// The weights of positions of one image of the stack.
struct WeightDemand: Sendable, Hashable {
    let image: Int
    let weighting: PositionWeighting
}

/// A summary of one image of the stack.
public struct SummaryDemand: Sendable, Hashable {
    /// The position of the image in the stack.
    public let image: Int
    /// What is summed.
    public let kind: SummaryKind
    /// The image that `image` is walked as its difference from: what is summed is the change of the
    /// summary from that image's. nil for a summary of the image.
    public let target: Int?

    /// A demand.
    public init(_ image: Int, _ kind: SummaryKind, changeFrom target: Int? = nil) {
        self.image = image
        self.kind = kind
        self.target = target
    }

    /// The weights that it is summed with; nil for none.
    var weights: WeightDemand? {
        guard case .weightedProducts(let weighting) = kind else { return nil }
        return WeightDemand(image: image, weighting: weighting)
    }
}

/// A sum over the pairs of features of one image of the stack and of what it is compared with.
public struct PairDemand: Sendable, Hashable {
    /// What an image is compared with.
    public enum Operand: Sendable, Hashable {
        /// Another image of the stack, by its position.
        case image(Int)
        /// Features kept from an earlier walk, under the number they are handed in with.
        case kept(Int)
        /// Nothing: the image is walked as its difference from another.
        case nothing
    }

    /// The position of the image in the stack.
    public let image: Int
    /// What it is compared with.
    public let target: Operand
    /// What is summed.
    public let rule: PairRule

    /// A demand.
    public init(_ image: Int, _ target: Operand, _ rule: PairRule) {
        self.image = image
        self.target = target
        self.rule = rule
    }

    /// The weights that it is summed with; nil for none.
    var weights: WeightDemand? {
        rule.weighting.map { WeightDemand(image: image, weighting: $0) }
    }
}

/// The moments of each channel of one image of the stack and of what it is compared with.
public struct MomentDemand: Sendable, Hashable {
    /// The position of the image in the stack.
    public let image: Int
    /// What it is compared with; not `nothing`.
    public let target: PairDemand.Operand

    /// A demand.
    public init(_ image: Int, _ target: PairDemand.Operand) {
        self.image = image
        self.target = target
    }
}

/// What is wanted of the features at one tap.
public struct TapDemand: Sendable, Hashable {
    /// Where the features are read.
    public let tap: Tap
    /// What is wanted of them.
    public let features: FeatureDemand

    /// A demand.
    public init(tap: Tap, _ features: FeatureDemand = FeatureDemand()) {
        self.tap = tap
        self.features = features
    }
}

/// What was demanded of the features at one place.
public struct FeatureResult: Sendable {
    /// C, H and W of the features of each image.
    public let shape: FeatureShape
    /// The summaries.
    public let summaries: [SummaryDemand: Summary]
    /// The sums over pairs, in FP64.
    public let pairs: [PairDemand: Double]
    /// The sums over the channels of each pixel of pairs, (H, W).
    public let pairMaps: [PairDemand: [Double]]
    /// The moments of pairs.
    public let moments: [MomentDemand: JointMoments]
    /// The features that were to be kept, by position in the stack.
    public let maps: [Int: FeatureMap]
    /// The weights that positions had.
    let weights: [WeightDemand: PositionWeights]
}
