/// What of the features at a layer is compared. F is C × N, one row a channel, N = H·W.
public enum Statistic: Sendable, Hashable {
    /// The features themselves, times a constant, or brought to unit length over the channels of
    /// each pixel.
    case features(scale: Double, unit: ChannelUnit?)
    /// A matrix of second moments (Gatys, Ecker & Bethge, arXiv:1508.06576, eq. 3).
    case gram(Gram)
    /// The means of the channels.
    case mean
    /// The means, and the standard deviations `√(Σ (F − m)²/(N or N − 1) + ε)` (Huang & Belongie,
    /// arXiv:1703.06868, eq. 13); the losses of both are added.
    case meanDeviation(eps: Double, isUnbiased: Bool)
    /// Means and covariance `F_c F_cᵀ/N + ε·1` of a normal distribution; its square roots by so many
    /// Newton–Schulz steps.
    case gaussian(eps: Double, steps: Int)
    /// Means, variances and covariance of each channel of both images together; compared by
    /// `Distance.structural`.
    case jointMoments

    /// The features as they are.
    public static let features = Statistic.features(scale: 1, unit: nil)

    /// Whether output and target must be seen together, position by position, and so have equal
    /// sizes. Everything else is a summary of each.
    public var isPairwise: Bool { summaryKind == nil }

    /// The sums that the statistic is made of; nil when it is pairwise.
    package var summaryKind: SummaryKind? {
        switch self {
        case .features, .jointMoments: nil
        case .gram(let gram): gram.summaryKind
        case .mean, .meanDeviation: .moments
        case .gaussian: .centredProducts
        }
    }

    /// The power of s by which the statistic grows when features are multiplied by s.
    var degree: Int {
        switch self {
        case .features(_, let unit): unit == nil ? 1 : 0
        case .gram(let gram): gram.normaliser == .deviations ? 0 : 2
        case .mean, .meanDeviation, .gaussian, .jointMoments: 1
        }
    }
}

/// A matrix of second moments: `s²·F Fᵀ` divided by something, of all positions or of patches.
public struct Gram: Sendable, Hashable {
    /// What the products are divided by.
    public enum Normaliser: Sendable, Hashable {
        /// Nothing.
        case none
        /// N, the number of positions.
        case positions
        /// C·N, the number of features.
        case elements
        /// A number.
        case constant(Double)
        /// σ_i σ_j of centred rows, which makes correlations.
        case deviations
    }

    /// What the products are divided by.
    public var normaliser: Normaliser
    /// Whether the mean of each row is taken off first.
    public var isCentred: Bool
    /// What features are multiplied by.
    public var scale: Double
    /// Matrices of patches of so many pixels a side instead of one of all positions.
    public var patch: Int?

    /// A matrix.
    public init(
        _ normaliser: Normaliser, isCentred: Bool = false, scale: Double = 1, patch: Int? = nil
    ) {
        self.normaliser = normaliser
        self.isCentred = isCentred
        self.scale = scale
        self.patch = patch
    }

    /// The sums that the matrix is made of.
    public var summaryKind: SummaryKind {
        if let patch {
            .patchProducts(side: patch)
        } else {
            isCentred ? .centredProducts : .products
        }
    }

    /// What sums over features of a shape are multiplied by; 1 for correlations, which are divided element
    /// by element.
    func factor(of shape: FeatureShape) -> Double {
        let positions = patch.map { $0 * $0 } ?? shape.positions
        let square = scale * scale
        return switch normaliser {
        case .none: square
        case .positions: square / Double(positions)
        case .elements: square / Double(shape.channels * positions)
        case .constant(let constant): square / constant
        case .deviations: 1
        }
    }

    /// The matrix of one of the kinds with a name of their own.
    public init(_ kind: GramKind) {
        switch kind {
        case .raw: self.init(.none)
        case .normalized: self.init(.elements)
        case .covariance: self.init(.positions, isCentred: true)
        case .correlation: self.init(.deviations, isCentred: true)
        }
    }
}
