/// A gradient that is affine in the features of one image at one layer: `A·F + b·1ᵀ` with a symmetric or
/// diagonal A.
package struct AffineSlope: Sendable {
    /// A.
    package enum Matrix: Sendable {
        case diagonal([Double])
        /// C × C, symmetric, row-major.
        case full([Double])
    }

    package let matrix: Matrix
    /// b
    package let shift: [Double]

    /// `a_c F_c + b_c`
    package init(diagonal: [Double], shift: [Double]) {
        matrix = .diagonal(diagonal)
        self.shift = shift
    }

    /// - Parameter matrix: C × C, symmetric, row-major.
    package init(matrix: [Double], shift: [Double]) {
        self.matrix = .full(matrix)
        self.shift = shift
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
