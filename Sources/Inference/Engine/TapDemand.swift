/// What is wanted of the features at one tap, for one stack of images.
public struct TapDemand: Sendable {
    /// Where the features are read.
    public let tap: Tap
    /// The kind of the Gram matrices.
    public let gram: GramKind
    /// The images, as positions in the stack, whose Gram matrix is wanted.
    public let grams: [Int]
    /// The comparisons of features that are wanted.
    public let differences: [Difference]
    /// The images, as positions in the stack, whose whole feature map is wanted.
    public let features: [Int]

    /// A demand; whatever is not named is not computed.
    public init(
        tap: Tap, gram: GramKind = .normalized, grams: [Int] = [],
        differences: [Difference] = [], features: [Int] = []
    ) {
        self.tap = tap
        self.gram = gram
        self.grams = grams
        self.differences = differences
        self.features = features
    }
}

/// `mean |F_output − F_target|` over C, H and W.
public struct Difference: Sendable {
    /// What the output is compared with.
    public enum Operand: Sendable {
        /// Another image of the stack, by its position.
        case image(Int)
        /// Features kept from an earlier walk.
        case stored(FeatureMap)
    }

    /// The position of the output image in the stack.
    public let output: Int
    /// The target.
    public let target: Operand

    /// A comparison of one image of the stack.
    public init(output: Int, target: Operand) {
        self.output = output
        self.target = target
    }
}

/// What one tap answered.
public struct TapResult: Sendable {
    /// Where the features were read.
    public let tap: Tap
    /// C, H and W of the features of each image.
    public let channels: Int, height: Int, width: Int
    /// The Gram matrices that were wanted, by position in the stack.
    public let grams: [Int: GramMatrix]
    /// `mean |F_output − F_target|` of each comparison, in the order of the demand; summed in FP64.
    public let differences: [Double]
    /// The feature maps that were wanted, by position in the stack.
    public let features: [Int: FeatureMap]
}
