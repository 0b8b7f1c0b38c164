/// What the features of one image at one place are summed up to: enough for a statistic of it, small,
/// and comparable with that of an image of another size. The gradient of every function of a summary
/// is affine in the features: dL/dF = A·F + b·1ᵀ.
public enum SummaryKind: Sendable, Hashable {
    /// `Σ F_i F_j` of all pairs of channels.
    case products
    /// Means, and `Σ (F_i − m_i)(F_j − m_j)`.
    case centredProducts
    /// Means, and `Σ (F_i − m_i)²`.
    case moments
    /// `Σ F_i F_j` over each patch of `side` by `side` pixels.
    case patchProducts(side: Int)
    /// `Σ w² F_i F_j`, w being the weight of a position.
    case weightedProducts(PositionWeighting)

    /// Whether its change between two nearly equal images can be summed without their difference: that
    /// of products can.
    var hasChanges: Bool { self == .products || self == .centredProducts }
}

/// The sums of one kind over the features of one image at one place, in double precision.
public struct Summary: Sendable {
    /// What is summed.
    public let kind: SummaryKind
    /// C, H and W of the features.
    public let shape: FeatureShape
    /// Means of the channels, for `centredProducts` and `moments`.
    package let means: [Double]
    /// The sums: of products the upper triangle, row by row, row i from its diagonal on, of patches
    /// one triangle after another; of moments one a channel.
    package let sums: [Double]

    package init(kind: SummaryKind, shape: FeatureShape, means: [Double] = [], sums: [Double]) {
        self.kind = kind
        self.shape = shape
        self.means = means
        self.sums = sums
    }

    /// The same with zeros for sums.
    var cleared: Summary {
        Summary(
            kind: kind, shape: shape, means: means, sums: Array(repeating: 0, count: sums.count))
    }

    /// What the values take in memory.
    var byteCount: Int { (means.count + sums.count) * MemoryLayout<Double>.stride }

    /// What a summary of features of a shape takes in memory.
    static func byteCount(of kind: SummaryKind, _ shape: FeatureShape) -> Int {
        let triangle = shape.channels * (shape.channels + 1) / 2
        let count =
            switch kind {
            case .products, .weightedProducts: triangle
            case .centredProducts: triangle + shape.channels
            case .moments: 2 * shape.channels
            case .patchProducts(let side):
                (shape.height / side) * (shape.width / side) * triangle
            }
        return count * MemoryLayout<Double>.stride
    }
}

/// Channels, height and width of features.
public struct FeatureShape: Sendable, Hashable {
    /// C
    public let channels: Int
    /// H
    public let height: Int
    /// W
    public let width: Int

    /// A shape.
    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// H·W
    public var positions: Int { height * width }
    /// C·H·W
    public var count: Int { channels * height * width }
}
