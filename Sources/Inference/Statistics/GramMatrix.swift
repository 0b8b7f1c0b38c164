/// Which matrix of second moments of features is meant, of the kinds with a name of their own. F is
/// C × N, one row a channel, N = H·W.
public enum GramKind: String, Sendable, CaseIterable {
    /// `G = F Fᵀ`.
    case raw
    /// `G = F Fᵀ / (C·H·W)`, as PConv-Keras and Johnson et al. define it.
    case normalized
    /// `G = F_c F_cᵀ / (H·W)`, F_c being F less the mean of each row: the biased covariance.
    case covariance
    /// `G_ij = cov_ij / (σ_i σ_j)`; 0 in the row and column of a channel with σ = 0, and on its
    /// diagonal.
    case correlation

    /// Whether the matrix is made of products of centred rows.
    public var isCentred: Bool { self == .covariance || self == .correlation }
}

/// The Gram matrix of the features of one image at one place, or those of its patches, in FP64.
///
/// They are symmetric, and only the upper triangles are kept.
public struct GramMatrix: Sendable, Equatable {
    /// The number of channels C.
    public let order: Int
    /// How many there are: one, or one a patch.
    let count: Int
    // Row i holds columns i ..< C, and each value is to be multiplied by the factor: a triangle of 512
    // channels is 1 MiB, which need not be written again.
    private let upper: [Double]
    private let factor: Double

    /// The matrix of a kind, from a summary of the kind that it is made of.
    public init(_ gram: Gram, _ summary: Summary) {
        if case .weightedProducts = summary.kind {
            precondition(gram.summaryKind == .products)
        } else {
            precondition(gram.summaryKind == summary.kind)
        }
        let order = summary.shape.channels
        self.order = order
        count = summary.sums.count / Self.upperCount(order: order)
        factor = gram.factor(of: summary.shape)
        upper =
            gram.normaliser == .deviations
            ? Self.correlations(summary.sums, order) : summary.sums
    }

    /// The sum of matrices of one order, each with a factor.
    init(blending matrices: [(matrix: GramMatrix, weight: Double)]) {
        order = matrices[0].matrix.order
        count = matrices[0].matrix.count
        factor = 1
        upper = matrices[0].matrix.upper.indices.map { i in
            matrices.reduce(0) { $0 + $1.weight * ($1.matrix.upper[i] * $1.matrix.factor) }
        }
    }

    /// C × C values in row-major order, symmetric, of each matrix; made anew at each call.
    public var values: [Double] {
        var values = [Double](repeating: 0, count: count * order * order)
        for matrix in 0..<count {
            let square = matrix * order * order
            for row in 0..<order {
                let start =
                    matrix * Self.upperCount(order: order)
                    + Self.upperStart(ofRow: row, order: order) - row
                for column in row..<order {
                    let value = upperValue(start + column)
                    values[square + row * order + column] = value
                    values[square + column * order + row] = value
                }
            }
        }
        return values
    }

    /// One value of the upper triangles.
    @inline(__always)
    func upperValue(_ i: Int) -> Double { upper[i] * factor }

    /// The upper triangles, row by row, less those of another matrix.
    func upperDifferences(from other: GramMatrix) -> [Double] {
        precondition(order == other.order && count == other.count)
        return [Double](unsafeUninitializedCapacity: upper.count) { values, written in
            for i in upper.indices {
                values.initializeElement(
                    at: i, to: upper[i] * factor - other.upper[i] * other.factor)
            }
            written = upper.count
        }
    }

    /// Calls `body` with each row of each matrix in turn, C values.
    /// - Throws: what `body` throws.
    public func forEachRow<Failure: Error>(
        _ body: ([Double]) throws(Failure) -> Void
    ) throws(Failure) {
        for matrix in 0..<count {
            let triangle = matrix * Self.upperCount(order: order)
            for row in 0..<order {
                var values = [Double](repeating: 0, count: order)
                for column in 0..<order {
                    let (first, second) = (min(row, column), max(row, column))
                    let start = triangle + Self.upperStart(ofRow: first, order: order)
                    values[column] = upper[start + second - first] * factor
                }
                try body(values)
            }
        }
    }

    /// The values of an upper triangle.
    package static func upperCount(order: Int) -> Int { order * (order + 1) / 2 }

    /// Where a row's diagonal stands in the upper triangle.
    package static func upperStart(ofRow row: Int, order: Int) -> Int {
        row * order - row * (row - 1) / 2
    }

    /// The sum over all elements of what a rule makes of their differences.
    package func sum(_ rule: Pointwise, to other: GramMatrix) -> Double {
        precondition(order == other.order && count == other.count)
        // One loop a rule, without a switch inside.
        return switch rule {
        case .absolute: sum(to: other) { abs($0) }
        case .squared: sum(to: other) { $0 * $0 }
        case .smoothL1, .charbonnier: sum(to: other) { rule($0) }
        }
    }

    @inline(__always)
    private func sum(to other: GramMatrix, _ rule: (Double) -> Double) -> Double {
        var total = 0.0
        upper.withUnsafeBufferPointer { a in
            other.upper.withUnsafeBufferPointer { b in
                var start = 0
                for _ in 0..<count {
                    for row in 0..<order {
                        let end = start + order - row
                        // Each value off the diagonal stands for two.
                        var beside = 0.0
                        for i in start + 1..<end {
                            beside += rule(a[i] * factor - b[i] * other.factor)
                        }
                        total += rule(a[start] * factor - b[start] * other.factor) + 2 * beside
                        start = end
                    }
                }
            }
        }
        return total
    }

    // cov_ij / (σ_i σ_j): the divisor N of covariance and of both variances cancels.
    private static func correlations(_ products: [Double], _ order: Int) -> [Double] {
        let reciprocals = (0..<order).map { row in
            let sumOfSquares = products[upperStart(ofRow: row, order: order)]
            return sumOfSquares > 0 ? 1 / sumOfSquares.squareRoot() : 0
        }
        var products = products
        for row in 0..<order {
            let start = upperStart(ofRow: row, order: order) - row
            for column in row..<order {
                // One factor at a time: two reciprocals of tiny deviations may overflow.
                products[start + column] =
                    products[start + column] * reciprocals[row] * reciprocals[column]
            }
        }
        return products
    }
}
