/// The rows of a pair that the pixel terms look at while they go down the image.
struct PixelRows {
    private let output: Image
    private let target: Image
    private let mask: Mask
    private let height: Int
    private let width: Int

    // Of the current row, (W,3) each.
    private var outputRow: [Double]
    private var targetRow: [Double]
    private var fractions: [Double]
    // P = D·comp of the current row and of the one above it, (W,3).
    private var masked: [Double]
    private var maskedAbove: [Double]
    // Of the mask's rows y−1, y and y+1: whether a pixel or its left or right neighbour is a hole.
    private var holes: [[Bool]]
    private var scratch: [Double]
    private var isHole: [Bool]

    init(output: Image, target: Image, mask: Mask) {
        self.output = output
        self.target = target
        self.mask = mask
        height = output.height
        width = output.width
        let zeros = [Double](repeating: 0, count: 3 * width)
        outputRow = zeros
        targetRow = zeros
        fractions = zeros
        masked = zeros
        maskedAbove = zeros
        scratch = zeros
        isHole = [Bool](repeating: false, count: width)
        holes = [[Bool]](repeating: isHole, count: 3)
        readHoles(0)
    }

    /// Moves to row `y`, which must be the next one.
    mutating func advance(to y: Int) {
        readHoles(y + 1)
        output.readRow(y, into: &outputRow)
        target.readRow(y, into: &targetRow)
        mask.readRow(y, into: &fractions)
        swap(&masked, &maskedAbove)
        for x in 0..<width {
            let isNearHole = holes[0][x] || holes[1][x] || holes[2][x]
            for i in 3 * x..<3 * x + 3 {
                let composite = fractions[i] * targetRow[i] + (1 - fractions[i]) * outputRow[i]
                masked[i] = isNearHole ? composite : 0
            }
        }
    }

    /// Σ |M·target − M·output| and Σ |(1−M)·target − (1−M)·output| of the row.
    func l1() -> (valid: Double, hole: Double) {
        var (valid, hole) = (0.0, 0.0)
        for i in 0..<3 * width {
            let distance = abs(targetRow[i] - outputRow[i])
            valid += fractions[i] * distance
            hole += (1 - fractions[i]) * distance
        }
        return (valid, hole)
    }

    /// Σ |P_{y,x+1} − P_{y,x}| of the row.
    func horizontalVariation() -> Double {
        var total = 0.0
        for i in 3..<max(3, 3 * width) {
            total += abs(masked[i] - masked[i - 3])
        }
        return total
    }

    /// Σ |P_{y,x} − P_{y−1,x}| of the row and the one above it.
    func verticalVariation() -> Double {
        var total = 0.0
        for i in 0..<3 * width {
            total += abs(masked[i] - maskedAbove[i])
        }
        return total
    }

    // The mask's row y enters at the bottom of the three; outside the image there is no hole.
    private mutating func readHoles(_ y: Int) {
        holes.swapAt(0, 1)
        holes.swapAt(1, 2)
        guard y < height else {
            holes[2] = [Bool](repeating: false, count: width)
            return
        }
        mask.readRow(y, into: &scratch)
        for x in 0..<width {
            isHole[x] = scratch[3 * x] < 1 || scratch[3 * x + 1] < 1 || scratch[3 * x + 2] < 1
        }
        for x in 0..<width {
            holes[2][x] =
                isHole[x] || x > 0 && isHole[x - 1] || x + 1 < width && isHole[x + 1]
        }
    }
}

extension Image {
    fileprivate func readRow(_ y: Int, into row: inout [Double]) {
        row.withUnsafeMutableBufferPointer { readRow(y, into: $0) }
    }
}

extension Mask {
    fileprivate func readRow(_ y: Int, into row: inout [Double]) {
        row.withUnsafeMutableBufferPointer { readRow(y, into: $0) }
    }
}
