/// The rows of a pair that the pixel terms look at while they go down the image.
final class PixelRows {
    let width: Int
    private let height: Int
    private let outputImage: Image
    private let targetImage: Image?
    private let mask: Mask?

    /// Of the current row, (W,3) each: the output, the target, M and `M·target + (1−M)·output`; zeros,
    /// and for M ones, where there is none.
    private(set) var output: [Double]
    private(set) var target: [Double]
    private(set) var valid: [Double]
    private(set) var composite: [Double]
    /// Of the current row: whether a pixel or any of its eight neighbours is a hole.
    private(set) var isNearHole: [Bool]

    // The mask's row below is read ahead, for the dilation; and of the mask's rows y−1, y and y+1,
    // whether a pixel or its left or right neighbour is a hole.
    private var validBelow: [Double]
    private var holesAbove: [Bool]
    private var holesHere: [Bool]
    private var holesBelow: [Bool]
    private var isHole: [Bool]

    init(output: Image, target: Image?, mask: Mask?) {
        precondition(target.map { $0.size == output.size } ?? true)
        precondition(mask.map { $0.size == output.size } ?? true)
        outputImage = output
        targetImage = target
        self.mask = mask
        height = output.height
        width = output.width
        self.output = Array(repeating: 0, count: 3 * width)
        self.target = self.output
        composite = self.output
        valid = Array(repeating: 1, count: 3 * width)
        validBelow = valid
        isHole = Array(repeating: false, count: width)
        isNearHole = isHole
        holesAbove = isHole
        holesHere = isHole
        holesBelow = isHole
        readMask(0)
    }

    /// The derivative of a value of a subject by that of the output it is made of.
    func share(of subject: Subject, _ i: Int) -> Double {
        subject == .output ? 1 : 1 - valid[i]
    }

    /// Moves to row `y`, which must be the next one.
    func advance(to y: Int) {
        output.withUnsafeMutableBufferPointer { outputImage.readRow(y, into: $0) }
        if let targetImage {
            target.withUnsafeMutableBufferPointer { targetImage.readRow(y, into: $0) }
        }
        guard mask != nil else { return }
        swap(&valid, &validBelow)
        readMask(y + 1)
        for x in 0..<width {
            isNearHole[x] = holesAbove[x] || holesHere[x] || holesBelow[x]
            for i in 3 * x..<3 * x + 3 {
                composite[i] = valid[i] * target[i] + (1 - valid[i]) * output[i]
            }
        }
    }

    // The mask's row y enters at the bottom of the three; outside the image there is no hole.
    private func readMask(_ y: Int) {
        guard let mask else { return }
        swap(&holesAbove, &holesHere)
        swap(&holesHere, &holesBelow)
        guard y < height else {
            for x in 0..<width { holesBelow[x] = false }
            return
        }
        validBelow.withUnsafeMutableBufferPointer { mask.readRow(y, into: $0) }
        for x in 0..<width {
            isHole[x] = min(validBelow[3 * x], validBelow[3 * x + 1], validBelow[3 * x + 2]) < 1
        }
        for x in 0..<width {
            holesBelow[x] =
                isHole[x] || x > 0 && isHole[x - 1] || x + 1 < width && isHole[x + 1]
        }
    }
}
