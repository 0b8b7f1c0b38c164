/// The rows of a pair that the pixel terms look at while they go down the image.
struct PixelRows {
    private let output: Image
    private let target: Image
    private let mask: Mask
    private let height: Int
    private let width: Int

    // Of the current row, (W,3) each; the mask's row below is read ahead, for the dilation.
    private var outputRow: [Double]
    private var targetRow: [Double]
    private var fractions: [Double]
    private var fractionsBelow: [Double]
    // P = D·comp of the current row and of the one above it, (W,3).
    private var masked: [Double]
    private var maskedAbove: [Double]
    // Of the mask's rows y−1, y and y+1: whether a pixel or its left or right neighbour is a hole.
    private var holesAbove: [Bool]
    private var holesHere: [Bool]
    private var holesBelow: [Bool]
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
        fractionsBelow = zeros
        isHole = [Bool](repeating: false, count: width)
        holesAbove = isHole
        holesHere = isHole
        holesBelow = isHole
        readMask(0)
    }

    /// Moves to row `y`, which must be the next one.
    mutating func advance(to y: Int) {
        swap(&fractions, &fractionsBelow)
        readMask(y + 1)
        output.readRow(y, into: &outputRow)
        target.readRow(y, into: &targetRow)
        swap(&masked, &maskedAbove)
        for x in 0..<width {
            let isNearHole = holesAbove[x] || holesHere[x] || holesBelow[x]
            for i in 3 * x..<3 * x + 3 {
                let composite = fractions[i] * targetRow[i] + (1 - fractions[i]) * outputRow[i]
                masked[i] = isNearHole ? composite : 0
            }
        }
    }

    /// Σ |M·target − M·output| and Σ |(1−M)·target − (1−M)·output| of the row.
    func l1() -> (valid: Double, hole: Double) {
        let valid = sum(0..<3 * width) { fractions[$0] * abs(targetRow[$0] - outputRow[$0]) }
        let hole = sum(0..<3 * width) { (1 - fractions[$0]) * abs(targetRow[$0] - outputRow[$0]) }
        return (valid, hole)
    }

    /// Σ |P_{y,x+1} − P_{y,x}| of the row.
    func horizontalVariation() -> Double {
        sum(3..<3 * width) { abs(masked[$0] - masked[$0 - 3]) }
    }

    /// Σ |P_{y,x} − P_{y−1,x}| of the row and the one above it.
    func verticalVariation() -> Double {
        sum(0..<3 * width) { abs(masked[$0] - maskedAbove[$0]) }
    }

    // Four running sums: a single one would wait for each addition.
    @inline(__always)
    private func sum(_ range: Range<Int>, _ term: (Int) -> Double) -> Double {
        var lanes = SIMD4<Double>.zero
        var i = range.lowerBound
        while i + 4 <= range.upperBound {
            lanes += SIMD4(term(i), term(i + 1), term(i + 2), term(i + 3))
            i += 4
        }
        return (i..<range.upperBound).reduce(lanes.sum()) { $0 + term($1) }
    }

    // The mask's row y enters at the bottom of the three; outside the image there is no hole.
    private mutating func readMask(_ y: Int) {
        swap(&holesAbove, &holesHere)
        swap(&holesHere, &holesBelow)
        guard y < height else {
            holesBelow = [Bool](repeating: false, count: width)
            return
        }
        mask.readRow(y, into: &fractionsBelow)
        for x in 0..<width {
            let least = min(
                fractionsBelow[3 * x], fractionsBelow[3 * x + 1], fractionsBelow[3 * x + 2])
            isHole[x] = least < 1
        }
        for x in 0..<width {
            holesBelow[x] =
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
