/// Which pixels, or positions of features: all, or each by its value in the mask M or in 1 − M.
public enum PixelRegion: String, Sendable, CaseIterable {
    /// Every pixel, with weight 1.
    case all
    /// With weight M.
    case valid
    /// With weight 1 − M.
    case hole
}

/// What the values of pixels are in: x in [0, 1] as RGB.
public enum PixelUnit: String, Sendable, CaseIterable {
    /// x itself.
    case unit
    /// What the network is fed with: each channel times scale/std.
    case input
}

/// A distance of pixels: `Σ w·f(o − t)` over H·W·3, divided by `Σ v`, w and v being 1, M or 1 − M.
public struct PixelMeasure: Sendable, Hashable {
    /// How values are compared; not `wasserstein`, and `structural` over all pixels alone.
    public var distance: Distance
    /// The weight w.
    public var region: PixelRegion
    /// What a mean divides by.
    public var divisor: PixelRegion
    /// `mean` or `sum`.
    public var reduction: Reduction
    /// What values are in.
    public var unit: PixelUnit
    /// The learned factors of R, G and B, for `structural` alone.
    public var learned: LearnedWeights?

    /// A measure.
    public init(
        _ distance: Distance, region: PixelRegion = .all, divisor: PixelRegion = .all,
        reduction: Reduction = .mean, unit: PixelUnit = .unit, learned: LearnedWeights? = nil
    ) {
        self.learned = learned
        self.distance = distance
        self.region = region
        self.divisor = divisor
        self.reduction = reduction
        self.unit = unit
    }
}

/// Total variation of P, the subject or, with D = 1 where any channel of 1 − M is above 0 in the 3 × 3
/// neighbourhood (zero outside the image), D·subject; the step at the border of D counts.
public struct VariationMeasure: Sendable, Hashable {
    /// What is summed.
    public enum Kind: Sendable, Hashable {
        /// `f` of the difference of vertical and of horizontal neighbours; a mean is taken of each
        /// direction by itself, over (H−1)·W·3 and over H·(W−1)·3.
        case neighbours(Distance)
        /// `(dx² + dy²)^power` where a pixel has both neighbours: (H−1)·(W−1)·3.
        case gradient(power: Double)
        /// Squares of neighbours' differences with weight 2/3 and of both diagonals' with 1/6, edges
        /// repeated outside the image: means over H·W·3 and (H+1)·(W+1)·3 (style-transfer-pytorch,
        /// `TVLoss`).
        case ninePoint
    }

    /// What is summed.
    public var kind: Kind
    /// `mean` or `sum`.
    public var reduction: Reduction
    /// Whether D is multiplied in.
    public var isInHole: Bool
    /// What values are in.
    public var unit: PixelUnit

    /// A measure.
    public init(
        _ kind: Kind, reduction: Reduction = .mean, isInHole: Bool = false, unit: PixelUnit = .unit
    ) {
        self.kind = kind
        self.reduction = reduction
        self.isInHole = isInHole
        self.unit = unit
    }
}
