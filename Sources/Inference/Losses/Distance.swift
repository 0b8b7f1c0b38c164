/// How two values of a statistic are compared, element by element with difference d.
public enum Distance: Sendable, Hashable {
    /// |d|
    case l1
    /// d²
    case squared
    /// The root of the reduced d²: with the reduction `sum` the Frobenius norm (BasicSR's `fro`), with
    /// `mean` the root mean square.
    case l2
    /// d²/(2β) where |d| < β, else |d| − β/2
    case smoothL1(beta: Double)
    /// √(d² + ε)
    case charbonnier(eps: Double)
    /// The reduced d² divided by the reduced |d| plus ε (style-transfer-pytorch, `ScaledMSELoss`).
    case scaledSquared(eps: Double)
    /// The squared 2-Wasserstein distance of two normal distributions, its two parts divided by C:
    /// `mean (m − m')² + mean diag(S + S' − 2 √(√S' S √S'))`. For `Statistic.gaussian` alone.
    case wasserstein
    /// `Σ α (1 − S₁) + β (1 − S₂)` over channels, S₁ of means and S₂ of variances and covariance (DISTS,
    /// `Structural`); α and β are ½ without learned ones. For `Statistic.jointMoments` and for pixels.
    case structural(c1: Double, c2: Double)

    /// The sums over elements that the distance is made of; none for `wasserstein` and `structural`.
    package var sums: [Pointwise] {
        switch self {
        case .l1: [.absolute]
        case .squared, .l2: [.squared]
        case .smoothL1(let beta): [.smoothL1(beta: beta)]
        case .charbonnier(let eps): [.charbonnier(eps: eps)]
        case .scaledSquared: [.squared, .absolute]
        case .wasserstein, .structural: []
        }
    }

    /// The distance, from its sums after the reduction.
    package func value(_ reduced: [Double]) -> Double {
        switch self {
        case .l2: reduced[0].squareRoot()
        case .scaledSquared(let eps): reduced[0] / (reduced[1] + eps)
        default: reduced[0]
        }
    }

    /// The power of s by which the distance grows when both values are multiplied by s; of distances
    /// that are no power of it, that of large differences.
    var degree: Int {
        switch self {
        case .squared, .wasserstein: 2
        case .structural: 0
        default: 1
        }
    }

    /// Whether it is `structural`.
    public var isStructural: Bool { if case .structural = self { true } else { false } }

    /// What `structural` adds up, with the learned factors of a layer.
    func structural(_ factors: [Double]?) -> Structural? {
        guard case .structural(let c1, let c2) = self else { return nil }
        return Structural(c1: c1, c2: c2, factors: factors)
    }
}

/// How the sum over elements becomes a loss.
public struct Reduction: Sendable, Hashable {
    /// What the sum is divided by.
    public enum Divisor: String, Sendable, CaseIterable {
        /// The number of elements.
        case mean
        /// Nothing.
        case sum
        /// The number of positions, of a matrix that of rows (and of patches): a sum over channels.
        case sumOfChannels = "sum_channels"
    }

    /// What the sum is divided by.
    public let divisor: Divisor
    /// A constant that the result is multiplied by.
    public let factor: Double
    /// The power of the image's H·W that the result is multiplied by as well.
    public let imagePower: Int

    /// A reduction.
    public init(_ divisor: Divisor, factor: Double = 1, imagePower: Int = 0) {
        self.divisor = divisor
        self.factor = factor
        self.imagePower = imagePower
    }

    /// The arithmetic mean.
    public static let mean = Reduction(.mean)
    /// The sum.
    public static let sum = Reduction(.sum)

    /// A sum reduced.
    /// - Parameters:
    ///   - elements: how many were added.
    ///   - outer: how many positions, or rows, they make.
    ///   - pixels: H·W of the image.
    package func callAsFunction(_ sum: Double, elements: Int, outer: Int, pixels: Int) -> Double {
        var value =
            switch divisor {
            case .mean: sum / Double(elements)
            case .sum: sum
            case .sumOfChannels: sum / Double(outer)
            }
        if factor != 1 { value *= factor }
        for _ in 0..<abs(imagePower) {
            value = imagePower > 0 ? value * Double(pixels) : value / Double(pixels)
        }
        return value
    }
}
