/// Why given features cannot be compared; the text is one sentence that says what to change.
public enum FeatureError: Error, Equatable, CustomStringConvertible {
    /// The rank, or the shape, contradicts the layout.
    case invalidShape(String)
    /// Output and target do not belong together.
    case shapeMismatch(String)
    /// An option names a layer that was not sent.
    case unknownLayer(String)

    /// The sentence.
    public var description: String {
        switch self {
        case .invalidShape(let text), .shapeMismatch(let text), .unknownLayer(let text): text
        }
    }
}

/// How the dimensions of given features are meant.
public enum FeatureLayout: String, Sendable, CaseIterable {
    /// (N, C, H, W)
    case nchw
    /// (N, H, W, C)
    case nhwc
    /// (C, H, W), one sample
    case chw
    /// (H, W, C), one sample
    case hwc
    /// (B, M, N): B samples whose M rows are correlated; M stands for C, N for H·W
    case matrix

    /// The number of dimensions a tensor of this layout has.
    public var rank: Int { self == .nchw || self == .nhwc ? 4 : 3 }
}

/// The dimensions of given features, and what they mean.
public struct FeatureDimensions: Sendable, Hashable {
    /// The dimensions as sent.
    public let sizes: [Int]
    /// How they are meant.
    public let layout: FeatureLayout
    /// B, the number of samples.
    public let samples: Int
    /// C, H and W of each; H is 1 for a matrix.
    public let shape: FeatureShape

    /// Dimensions that fit their layout; each is at least 1. `name` is what the sentences of errors
    /// call the tensor.
    ///
    /// Distances of features are defined for 3 and 4 dimensions only, so any other rank is refused.
    public init(
        name: String, sizes: [Int], layout: FeatureLayout
    ) throws(FeatureError) {
        guard sizes.count == 3 || sizes.count == 4 else {
            throw .invalidShape(
                "\(name) has \(sizes.count) dimensions, but losses of features are defined for 3 "
                    + "(chw, hwc, matrix) and 4 (nchw, nhwc) dimensions only")
        }
        guard sizes.count == layout.rank else {
            throw .invalidShape(
                "\(name) has \(sizes.count) dimensions, but layout \(layout.rawValue) has "
                    + "\(layout.rank); send a tensor of that rank or another layout")
        }
        guard sizes.allSatisfy({ $0 > 0 }) else {
            throw .invalidShape("\(name) has shape \(sizes); every dimension must be at least 1")
        }
        self.sizes = sizes
        self.layout = layout
        let last = sizes.count - 1
        switch layout {
        case .nchw, .chw:
            shape = FeatureShape(
                channels: sizes[last - 2], height: sizes[last - 1], width: sizes[last])
        case .nhwc, .hwc:
            shape = FeatureShape(
                channels: sizes[last], height: sizes[last - 2], width: sizes[last - 1])
        case .matrix: shape = FeatureShape(channels: sizes[1], height: 1, width: sizes[2])
        }
        samples = layout.rank == 4 || layout == .matrix ? sizes[0] : 1
    }

    /// The distance in memory from a channel to the next.
    var channelStride: Int { isChannelsLast ? 1 : shape.positions }
    /// The distance in memory from a position to the next.
    var positionStride: Int { isChannelsLast ? shape.channels : 1 }

    private var isChannelsLast: Bool { layout == .nhwc || layout == .hwc }
}

/// Features that a client computed.
public struct FeatureTensor: Sendable {
    /// The values as they came, in C order. F16 and BF16 are exact in single precision.
    public enum Elements: Sendable {
        /// Single precision.
        case float32([Float])
        /// Double precision; products and sums are then double throughout.
        case float64([Double])

        var is64Bits: Bool {
            if case .float64 = self { true } else { false }
        }

        var count: Int {
            switch self {
            case .float32(let values): values.count
            case .float64(let values): values.count
            }
        }
    }

    /// The dimensions and their meaning.
    public let dimensions: FeatureDimensions
    /// The values, all finite: whoever decoded them checked that.
    public let elements: Elements

    /// Features; the dimensions' product is the number of values.
    public init(_ dimensions: FeatureDimensions, _ elements: Elements) {
        precondition(dimensions.sizes.reduce(1, *) == elements.count)
        self.dimensions = dimensions
        self.elements = elements
    }
}
