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

/// Features that a client computed: B samples of C channels at N = H·W positions.
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

    /// The dimensions as sent.
    public let shape: [Int]
    /// How they are meant.
    public let layout: FeatureLayout
    /// The values.
    public let elements: Elements
    /// B, the number of samples.
    public let samples: Int
    /// C, the order of the Gram matrix.
    public let channels: Int
    /// N = H·W.
    public let positions: Int

    /// Features of a shape and layout. `name` is what the sentences of errors call the tensor.
    ///
    /// Dimensions are at least 1 and their product is the number of values. L1 is defined for 3 and
    /// 4 dimensions only, so any other rank is refused. Values are finite: whoever decoded them
    /// checked that.
    public init(
        name: String, shape: [Int], layout: FeatureLayout, elements: Elements
    ) throws(FeatureError) {
        guard shape.count == 3 || shape.count == 4 else {
            throw .invalidShape(
                "\(name) has \(shape.count) dimensions, but the L1 of features is defined for 3 "
                    + "(chw, hwc, matrix) and 4 (nchw, nhwc) dimensions only")
        }
        guard shape.count == layout.rank else {
            throw .invalidShape(
                "\(name) has \(shape.count) dimensions, but layout \(layout.rawValue) has "
                    + "\(layout.rank); send a tensor of that rank or another layout")
        }
        guard shape.allSatisfy({ $0 > 0 }) else {
            throw .invalidShape("\(name) has shape \(shape); every dimension must be at least 1")
        }
        precondition(shape.reduce(1, *) == elements.count)
        self.shape = shape
        self.layout = layout
        self.elements = elements
        switch layout {
        case .nchw: (samples, channels, positions) = (shape[0], shape[1], shape[2] * shape[3])
        case .nhwc: (samples, channels, positions) = (shape[0], shape[3], shape[1] * shape[2])
        case .chw: (samples, channels, positions) = (1, shape[0], shape[1] * shape[2])
        case .hwc: (samples, channels, positions) = (1, shape[2], shape[0] * shape[1])
        case .matrix: (samples, channels, positions) = (shape[0], shape[1], shape[2])
        }
    }

    /// The distance in memory from a channel to the next.
    var channelStride: Int { isChannelsLast ? 1 : positions }
    /// The distance in memory from a position to the next.
    var positionStride: Int { isChannelsLast ? channels : 1 }
    /// The values of a sample, in memory.
    func range(of sample: Int) -> Range<Int> {
        let count = channels * positions
        return sample * count..<(sample + 1) * count
    }

    private var isChannelsLast: Bool { layout == .nhwc || layout == .hwc }
}
