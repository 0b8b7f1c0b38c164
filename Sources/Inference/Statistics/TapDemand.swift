/// What is wanted of the features of a stack of images at one place; whatever is not named is not
/// computed. Images are named by their position in the stack.
public struct FeatureDemand: Sendable, Hashable {
    /// The summaries of single images.
    public var summaries: [SummaryDemand]
    /// The sums over pairs of images.
    public var pairs: [PairDemand]
    /// The images whose whole features are kept.
    public var maps: [Int]

    /// A demand.
    public init(summaries: [SummaryDemand] = [], pairs: [PairDemand] = [], maps: [Int] = []) {
        self.summaries = summaries
        self.pairs = pairs
        self.maps = maps
    }

    /// Bytes of the results: summaries and kept features.
    func resultBytes(_ shape: FeatureShape) -> Int {
        maps.count * shape.count * MemoryLayout<Float>.stride
            + summaries.reduce(0) { $0 + Summary.byteCount(of: $1.kind, shape) }
    }
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
    /// The features that were to be kept, by position in the stack.
    public let maps: [Int: FeatureMap]
}
