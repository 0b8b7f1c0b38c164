/// Which matrix of second moments of features is meant. F is C × N, one row a channel, N = H·W.
public enum GramKind: String, Sendable, CaseIterable {
    /// `G = F Fᵀ`.
    case raw
    /// `G = F Fᵀ / (C·H·W)`, as PConv-Keras and Johnson et al. define it.
    case normalized
    /// `G = F_c F_cᵀ / (H·W)`, F_c being F less the mean of each row: the biased covariance.
    case covariance
    /// `G_ij = cov_ij / (σ_i σ_j)`; 0 in the row and column of a channel with σ = 0, and on its
    /// diagonal. Products of single precision underflow: there a σ below about 1e-22 counts as 0.
    case correlation

    /// Whether the matrix is made of products of centred rows.
    public var isCentred: Bool { self == .covariance || self == .correlation }
}

/// A Gram matrix of the features of one sample at one layer, in double precision.
///
/// It is symmetric, and only its upper triangle is kept: half the memory of a cached target.
public struct GramMatrix: Sendable, Equatable {
    /// The number of channels C.
    public let order: Int
    /// What the values are.
    public let kind: GramKind
    // Row i holds columns i ..< C.
    private let upper: [Double]

    /// The matrix of a kind, from sums of products over all positions.
    /// - Parameters:
    ///   - upperProducts: the C·(C+1)/2 values of the upper triangle, row by row, row i from its
    ///     diagonal on: `Σ_n F_in F_jn` for `raw` and `normalized`, `Σ_n (F_in − m_i)(F_jn − m_j)` for
    ///     `covariance` and `correlation`, m_i being the mean of row i, in two passes. A constant
    ///     row must give exact zeros: a mean taken as `F_i0 + Σ_n (F_in − F_i0) / N` is exact for
    ///     one.
    ///   - channels: C.
    ///   - positions: N = H·W.
    public init(
        kind: GramKind, upperProducts: consuming [Double], channels: Int, positions: Int
    ) {
        precondition(upperProducts.count == Self.upperCount(order: channels))
        precondition(channels > 0 && positions > 0)
        self.kind = kind
        order = channels
        switch kind {
        case .raw: break
        case .normalized: Self.scale(&upperProducts, by: 1 / Double(channels * positions))
        case .covariance: Self.scale(&upperProducts, by: 1 / Double(positions))
        case .correlation: Self.correlate(&upperProducts, order: channels)
        }
        upper = upperProducts
    }

    /// C × C values in row-major order, symmetric; made anew from the triangle at each call.
    public var values: [Double] {
        var values = [Double](repeating: 0, count: order * order)
        for row in 0..<order {
            let start = Self.upperStart(ofRow: row, order: order) - row
            for column in row..<order {
                values[row * order + column] = upper[start + column]
                values[column * order + row] = upper[start + column]
            }
        }
        return values
    }

    /// What the values take in memory.
    var byteCount: Int { upper.count * MemoryLayout<Double>.stride }

    /// Whether no value is infinite or NaN.
    public var isFinite: Bool { upper.allSatisfy(\.isFinite) }

    /// The values of the upper triangle.
    static func upperCount(order: Int) -> Int { order * (order + 1) / 2 }

    /// Where a row's diagonal stands in the upper triangle.
    static func upperStart(ofRow row: Int, order: Int) -> Int {
        row * order - row * (row - 1) / 2
    }

    /// The style distance of two layers, `mean |A − B|` over C × C.
    public func distance(to other: GramMatrix) -> Double {
        precondition(order == other.order && kind == other.kind)
        var total = 0.0
        for row in 0..<order {
            let start = Self.upperStart(ofRow: row, order: order)
            let end = start + order - row
            // Each value off the diagonal stands for two.
            var beside = 0.0
            for i in start + 1..<end { beside += abs(upper[i] - other.upper[i]) }
            total += abs(upper[start] - other.upper[start]) + 2 * beside
        }
        return total / Double(order * order)
    }

    // In place: a triangle of 512 channels is 1 MiB, which the system clears page by page when new.
    private static func scale(_ products: inout [Double], by factor: Double) {
        for i in products.indices { products[i] *= factor }
    }

    // cov_ij / (σ_i σ_j): the divisor N of covariance and of both variances cancels.
    private static func correlate(_ products: inout [Double], order: Int) {
        let reciprocals = (0..<order).map { row in
            let sumOfSquares = products[upperStart(ofRow: row, order: order)]
            return sumOfSquares > 0 ? 1 / sumOfSquares.squareRoot() : 0
        }
        for row in 0..<order {
            let start = upperStart(ofRow: row, order: order) - row
            for column in row..<order {
                // One factor at a time: two reciprocals of tiny deviations may overflow.
                products[start + column] =
                    products[start + column] * reciprocals[row] * reciprocals[column]
            }
        }
    }
}
