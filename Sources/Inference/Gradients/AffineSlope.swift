/// A gradient that is affine in the features of one image at one layer: `A·F + b·1ᵀ` with a symmetric or
/// diagonal A.
struct AffineSlope: Sendable {
    /// A.
    enum Matrix: Sendable {
        case diagonal([Double])
        /// C × C, symmetric, row-major.
        case full([Double])
    }

    let matrix: Matrix
    /// b
    let shift: [Double]

    /// `a_c F_c + b_c`
    init(diagonal: [Double], shift: [Double]) {
        matrix = .diagonal(diagonal)
        self.shift = shift
    }

    /// - Parameter matrix: C × C, symmetric, row-major.
    init(matrix: [Double], shift: [Double]) {
        self.matrix = .full(matrix)
        self.shift = shift
    }
}

/// A gradient by a summary of features: of all positions, or of each patch by itself.
struct SummarySlope: Sendable {
    /// One, or one a patch, row by row.
    let parts: [AffineSlope]
    /// Pixels of a patch's side; nil for all positions together.
    let side: Int?
}
