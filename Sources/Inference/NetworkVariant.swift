/// How a VGG is run: what its pools compute, how they round, what lies outside the image. The weights
/// are the same for all; which variant is meant belongs to a loss.
public struct NetworkVariant: Hashable, Sendable {
    /// What stands in the place of the pools that end the blocks.
    public enum Pooling: Hashable, Sendable {
        /// The largest of 2×2, stride 2: the networks as they were trained.
        case max
        /// The mean of 2×2, stride 2, times a factor: 1, or 2 in crowsonkb/style-transfer-pytorch. A
        /// window that reaches beyond the image is divided by what it has inside, as PyTorch and
        /// TensorFlow do.
        case average(scale: Float)
        /// `scale · sqrt(Σ x²)` of 2×2, stride 2 (PyTorch's LPPool2d of power 2; 0.78 in
        /// crowsonkb/style-transfer-pytorch).
        case l2(scale: Float)
        /// `sqrt(h ∗ x² + 1e-12)` with h = (1,2,1)ᵀ(1,2,1)/16, stride 2 and a border of one zero: the
        /// pool of DISTS (Ding et al. 2020, arXiv:2004.07728; Hénaff & Simoncelli 2016).
        case l2Hann

        /// Whether it is the root of a sum of squares, whose slope needs the features themselves.
        var isRoot: Bool {
            switch self {
            case .max, .average: false
            case .l2, .l2Hann: true
            }
        }
    }

    /// How an odd side is halved.
    public enum Rounding: String, Sendable, CaseIterable {
        /// The last odd row and column have no window: torchvision.
        case floor
        /// They have a window of their own, of what is there: Caffe.
        case ceil
        /// TensorFlow's `SAME`, which for windows of two comes to the same as `ceil`.
        case same
    }

    /// What a convolution reads outside of its input.
    public enum Padding: String, Sendable, CaseIterable {
        /// Zeros.
        case zero
        /// The nearest pixel in conv1_1, zeros in the others.
        case replicateFirst = "replicate_first"
        /// The pixel mirrored at the outermost one, in every convolution.
        case reflect
    }

    /// The table of layers.
    public var architecture: Architecture
    /// The pools.
    public var pooling: Pooling
    /// Their rounding; `l2Hann` always rounds up.
    public var rounding: Rounding
    /// The borders.
    public var padding: Padding

    /// A variant of an architecture; as trained where nothing else is said.
    public init(
        _ architecture: Architecture, pooling: Pooling = .max, rounding: Rounding = .floor,
        padding: Padding = .zero
    ) {
        self.architecture = architecture
        self.pooling = pooling
        self.rounding = rounding
        self.padding = padding
    }

    /// The convolutions in network order.
    public var convolutions: [ConvolutionShape] { VGG.convolutions(architecture) }

    /// Every tap in network order: `conv1_1`, `relu1_1`, … `pool5`.
    public var taps: [Tap] { VGG.taps(architecture) }

    /// Whether the network has the tap.
    public func has(_ tap: Tap) -> Bool { VGG.position(of: tap, in: architecture) != nil }

    /// The side that a pool makes of one.
    func pooled(_ side: Int) -> Int {
        rounding == .floor && pooling != .l2Hann ? side / 2 : (side + 1) / 2
    }

    /// The least height and width of an image for which the tap has at least one position, and each
    /// convolution before it what its border mirrors.
    public func minimumSide(for tap: Tap) -> Int {
        var side = 1
        while !reaches(tap, side: side) { side += 1 }
        return side
    }

    private func reaches(_ tap: Tap, side: Int) -> Bool {
        let least = padding == .reflect ? 2 : 1
        var side = side
        for _ in 1..<tap.block {
            guard side >= least else { return false }
            side = pooled(side)
        }
        return side >= least && (tap.kind != .pool || pooled(side) >= 1)
    }

    /// Channels, height and width of the features at a tap, for an image of the size given.
    ///
    /// Height or width may be 0 when the image is smaller than `minimumSide(for:)`.
    public func shape(
        of tap: Tap, height: Int, width: Int
    ) -> (channels: Int, height: Int, width: Int) {
        var (height, width) = (height, width)
        for _ in 0..<(tap.kind == .pool ? tap.block : tap.block - 1) {
            (height, width) = (pooled(height), pooled(width))
        }
        return (tap.channels, height, width)
    }

    /// Whether the pool is computed where its convolution is, before the features leave registers.
    var fusesPools: Bool { pooling == .max && rounding == .floor }

    /// Whether the difference of two images can be walked: it goes through a convolution, a ReLU and a
    /// fused pool, not through a pool by itself.
    public var walksDifferences: Bool { fusesPools }

    /// What the convolution of that place in the network reads outside of its input.
    func border(ofConvolution index: Int) -> Border {
        switch padding {
        case .zero: .zero
        case .replicateFirst: index == 0 ? .replicate : .zero
        case .reflect: .reflect
        }
    }
}

extension Network {
    /// The variant that the weights were trained as: maxima, rounded down, zeros outside.
    public var defaultVariant: NetworkVariant { NetworkVariant(architecture) }
}
