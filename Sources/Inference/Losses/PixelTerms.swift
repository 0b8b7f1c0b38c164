/// The terms of PConv-Keras that need no network (libs/pconv_model.py, 7c8f2cb, lines 206–242).
///
/// x is RGB in [0, 1], M the mask (1 valid), C = 3, comp = M·target + (1−M)·output. Everything is
/// computed in double precision, a row at a time: memory grows with the width alone.
public struct PixelTerms: Sendable, Equatable {
    /// `mean |M·target − M·output|` over H·W·C, all pixels, not the valid ones alone.
    public let valid: Double
    /// `mean |(1−M)·target − (1−M)·output|`, with the same divisor.
    public let hole: Double
    /// With D = 1 where any channel of 1 − M is above 0 in the 3 × 3 neighbourhood (zero outside
    /// the image) and P = D·comp: the mean of |P_{y+1,x} − P_{y,x}| over (H−1)·W·C plus the mean of
    /// |P_{y,x+1} − P_{y,x}| over H·(W−1)·C. The step at the border of D counts.
    public let tv: Double

    /// The terms of a pair; the three must have equal sizes. A mean over nothing (a side of 1) is 0.
    public init(output: Image, target: Image, mask: Mask) {
        precondition(output.size == target.size && output.size == mask.size)
        let (height, width) = (output.height, output.width)
        var rows = PixelRows(output: output, target: target, mask: mask)
        var (valid, hole, vertical, horizontal) = (0.0, 0.0, 0.0, 0.0)
        for y in 0..<height {
            rows.advance(to: y)
            let distances = rows.l1()
            valid += distances.valid
            hole += distances.hole
            horizontal += rows.horizontalVariation()
            vertical += y > 0 ? rows.verticalVariation() : 0
        }
        let count = Double(3 * height * width)
        self.valid = valid / count
        self.hole = hole / count
        tv =
            vertical / Double(max(1, 3 * (height - 1) * width))
            + horizontal / Double(max(1, 3 * height * (width - 1)))
    }
}
