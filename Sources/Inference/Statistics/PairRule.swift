import CKernels

/// What is done to the difference of two numbers before it is summed.
public enum Pointwise: Sendable, Hashable {
    /// |d|
    case absolute
    /// d²
    case squared
    /// d²/(2β) where |d| < β, else |d| − β/2 (Girshick, "Fast R-CNN", 2015, eq. 3; PyTorch
    /// `smooth_l1_loss`)
    case smoothL1(beta: Double)
    /// √(d² + ε) (Charbonnier et al., "Two deterministic half-quadratic regularization algorithms
    /// for computed imaging", 1994)
    case charbonnier(eps: Double)

    /// The value at d.
    @inline(__always)
    package func callAsFunction(_ d: Double) -> Double {
        let size = abs(d)
        switch self {
        case .absolute: return size
        case .squared: return d * d
        case .smoothL1(let beta): return size < beta ? d * d * (0.5 / beta) : size - 0.5 * beta
        case .charbonnier(let eps): return (d * d + eps).squareRoot()
        }
    }

    /// The rule g and the factor k with `f(s·d) = k·g(d)`, so that features need not be scaled.
    package func scaled(by s: Double) -> (rule: Pointwise, factor: Double) {
        switch self {
        case .absolute: (self, s)
        case .squared: (self, s * s)
        case .smoothL1(let beta): (.smoothL1(beta: beta / s), s)
        case .charbonnier(let eps): (.charbonnier(eps: eps / (s * s)), s)
        }
    }

    var kernel: styleloss_pointwise {
        switch self {
        case .absolute: STYLELOSS_ABSOLUTE
        case .squared: STYLELOSS_SQUARED
        case .smoothL1: STYLELOSS_SMOOTH_L1
        case .charbonnier: STYLELOSS_CHARBONNIER
        }
    }

    var parameter: Double {
        switch self {
        case .absolute, .squared: 0
        case .smoothL1(let beta): beta
        case .charbonnier(let eps): eps
        }
    }
}

/// How the features of a pixel are brought to unit length over its channels.
public struct ChannelUnit: Sendable, Hashable {
    /// What is added, so that a pixel without features stays without.
    public let eps: Double
    /// `f/√(Σf² + ε)` (torchmetrics' LPIPS) instead of `f/(√Σf² + ε)` (lpips).
    public let isInsideRoot: Bool

    /// A normalisation; `eps` is above 0.
    public init(eps: Double, isInsideRoot: Bool) {
        self.eps = eps
        self.isInsideRoot = isInsideRoot
    }

    package func factor(squares: Double) -> Double {
        isInsideRoot ? 1 / (squares + eps).squareRoot() : 1 / (squares.squareRoot() + eps)
    }
}

/// What is summed over all pairs of features of two images. Its gradient is a pointwise rule: that of
/// a feature depends on the features of its own pixel alone.
public struct PairRule: Sendable, Hashable {
    /// What is done to a difference.
    public let pointwise: Pointwise
    /// What is done to the features before; nil leaves them as they are.
    public let unit: ChannelUnit?
    /// What each channel's share is multiplied by; nil for 1.
    public let learned: LearnedLayer?
    /// What each position's share is multiplied by; nil for 1.
    public let weighting: PositionWeighting?

    /// A rule.
    public init(
        _ pointwise: Pointwise, unit: ChannelUnit? = nil, learned: LearnedLayer? = nil,
        weighting: PositionWeighting? = nil
    ) {
        self.pointwise = pointwise
        self.unit = unit
        self.learned = learned
        self.weighting = weighting
    }
}
