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
public struct GramMatrix: Sendable, Equatable {
    /// The number of channels C.
    public let order: Int
    /// C × C values in row-major order, symmetric, `kind` applied.
    public let values: [Double]
    /// What the values are.
    public let kind: GramKind

    /// The matrix of a kind, from sums of products over all positions.
    /// - Parameters:
    ///   - products: C × C in row-major order and symmetric: `Σ_n F_in F_jn` for `raw` and
    ///     `normalized`, `Σ_n (F_in − m_i)(F_jn − m_j)` for `covariance` and `correlation`, m_i being
    ///     the mean of row i, in two passes. A constant row must give exact zeros: a mean taken as
    ///     `F_i0 + Σ_n (F_in − F_i0) / N` is exact for one.
    ///   - channels: C.
    ///   - positions: N = H·W.
    public init(kind: GramKind, products: consuming [Double], channels: Int, positions: Int) {
        precondition(products.count == channels * channels && channels > 0 && positions > 0)
        self.kind = kind
        order = channels
        switch kind {
        case .raw: values = products
        case .normalized:
            Self.scale(&products, by: 1 / Double(channels * positions))
            values = products
        case .covariance:
            Self.scale(&products, by: 1 / Double(positions))
            values = products
        case .correlation: values = Self.correlation(products, order: channels)
        }
    }

    /// The style distance of two layers, `mean |A − B|` over C × C.
    public func distance(to other: GramMatrix) -> Double {
        precondition(order == other.order && kind == other.kind)
        var total = 0.0
        for row in 0..<order {
            var rowTotal = 0.0
            for i in row * order..<(row + 1) * order {
                rowTotal += abs(values[i] - other.values[i])
            }
            total += rowTotal
        }
        return total / Double(order * order)
    }

    // In place: a matrix of 512 channels is 2 MiB, which the system clears page by page when new.
    private static func scale(_ products: inout [Double], by factor: Double) {
        for i in products.indices { products[i] *= factor }
    }

    // cov_ij / (σ_i σ_j): the divisor N of covariance and of both variances cancels.
    private static func correlation(_ products: [Double], order: Int) -> [Double] {
        let reciprocals = (0..<order).map { row in
            let sumOfSquares = products[row * order + row]
            return sumOfSquares > 0 ? 1 / sumOfSquares.squareRoot() : 0
        }
        var values = products
        for i in 0..<order {
            for j in 0..<order {
                // One factor at a time: two reciprocals of tiny deviations may overflow.
                values[i * order + j] = values[i * order + j] * reciprocals[i] * reciprocals[j]
            }
        }
        return values
    }
}
