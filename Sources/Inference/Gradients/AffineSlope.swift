/// A gradient that is affine in the features of one image at one layer: `A·(F − c·1ᵀ) + b·1ᵀ` with a
/// symmetric or diagonal A.
///
/// Of a statistic of centred features c has their means: `A·F − A·c` in single precision would keep of
/// a channel that varies little what rounding leaves of its mean.
package struct AffineSlope: Sendable {
    /// A.
    package enum Matrix: Sendable {
        case diagonal([Double])
        /// The upper triangle of C × C, row by row, row i from its diagonal on.
        case symmetric([Double])
    }

    package let matrix: Matrix
    /// c, one a channel; nil where all are 0.
    package let centre: [Double]?
    /// b
    package let shift: [Double]

    /// `a_i (F_i − c_i) + b_i`
    package init(diagonal: [Double], centre: [Double]? = nil, shift: [Double]) {
        matrix = .diagonal(diagonal)
        self.centre = centre
        self.shift = shift
    }

    /// - Parameter upper: the upper triangle of A, row by row.
    package init(upper: [Double], centre: [Double]? = nil, shift: [Double]) {
        matrix = .symmetric(upper)
        self.centre = centre
        self.shift = shift
    }

    /// b when the features are centred on other values: `A·(o − c) + b`.
    func shift(centredOn others: [Double]) -> [Double] {
        let offsets = others.indices.map { others[$0] - (centre?[$0] ?? 0) }
        guard offsets.contains(where: { $0 != 0 }) else { return shift }
        switch matrix {
        case .diagonal(let values):
            return shift.indices.map { shift[$0] + values[$0] * offsets[$0] }
        case .symmetric(let upper):
            var sums = shift
            var i = 0
            for row in sums.indices {
                sums[row] += upper[i] * offsets[row]
                i += 1
                for column in sums.indices[(row + 1)...] {
                    sums[row] += upper[i] * offsets[column]
                    sums[column] += upper[i] * offsets[row]
                    i += 1
                }
            }
            return sums
        }
    }
}

/// A gradient by a summary of features: of all positions, or of each patch by itself.
package struct SummarySlope: Sendable {
    /// One, or one a patch, row by row.
    package let parts: [AffineSlope]
    /// Pixels of a patch's side; nil for all positions together.
    package let side: Int?

    package init(parts: [AffineSlope], side: Int?) {
        self.parts = parts
        self.side = side
    }
}
