/// A gradient with respect to the pixels of an image, RGB in [0, 1].
public struct ImageGradient: Sendable {
    /// Rows and columns.
    public let height: Int, width: Int
    private let buffer: FloatBuffer

    fileprivate init(height: Int, width: Int, _ buffer: FloatBuffer) {
        (self.height, self.width, self.buffer) = (height, width, buffer)
    }

    /// - Throws: `outOfMemory`.
    package init(height: Int, width: Int, values: [Float]) throws(InferenceError) {
        precondition(values.count == 3 * height * width)
        let buffer = try FloatBuffer(count: values.count)
        buffer.base.update(from: values, count: values.count)
        self.init(height: height, width: width, buffer)
    }

    /// (H, W, 3), row-major; made anew at each call.
    public var values: [Float] { withValues { Array($0) } }

    /// Calls `body` with the same values where they lie.
    public func withValues<Result>(_ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: buffer.base, count: 3 * height * width))
    }

    /// The sum of two gradients by one image.
    /// - Throws: `outOfMemory`.
    public static func + (
        a: ImageGradient, b: ImageGradient
    ) throws(InferenceError) -> ImageGradient {
        precondition(a.height == b.height && a.width == b.width)
        let sum = try FloatBuffer(count: 3 * a.height * a.width)
        for i in 0..<3 * a.height * a.width { sum.base[i] = a.buffer.base[i] + b.buffer.base[i] }
        return ImageGradient(height: a.height, width: a.width, sum)
    }
}

/// A gradient with respect to the pixels of an image while it is added up, (H, W, 3) in row-major order.
final class GradientSum: @unchecked Sendable {
    // Unchecked: each row is written by one item of one loop.
    let height: Int, width: Int
    private let buffer: FloatBuffer

    /// Zeros.
    /// - Throws: `outOfMemory`.
    init(_ size: ImageSize) throws(InferenceError) {
        buffer = try FloatBuffer(count: Self.count(size))
        (height, width) = (size.height, size.width)
        buffer.base.update(repeating: 0, count: Self.count(size))
    }

    /// The floats that it takes.
    static func count(_ size: ImageSize) -> Int { 3 * size.height * size.width }

    /// Adds to one value.
    func add(_ value: Double, at index: Int) { buffer.base[index] += Float(value) }

    /// Row y.
    func row(_ y: Int) -> UnsafeMutablePointer<Float> { buffer.base + y * 3 * width }

    /// The gradient, once everything has been added: nothing more may be.
    func finished() -> ImageGradient { ImageGradient(height: height, width: width, buffer) }
}

/// Where a way back ends: what the gradients of its images are added to, row by row.
struct GradientSinks {
    /// A sum, and the images whose gradients are added to it in this order, each by its own share: an
    /// image made of an output and a mask has `1 − M` of the output.
    struct Sum {
        let sum: GradientSum
        var images: [Int]
    }

    /// The images that have a way back, by their positions in the stack.
    private(set) var images: [Int] = []
    /// Images by their positions in the way back.
    private(set) var sums: [Sum] = []
    private var masks: [Mask?] = []
    // x = y · factor, in network channel order, and the RGB channel that each is made of.
    private let factors: [Float]
    private let sources: [Int]

    init(_ preprocessing: Preprocessing) {
        factors = preprocessing.std.map { preprocessing.scale / $0 }
        sources = preprocessing.isBGR ? [2, 1, 0] : [0, 1, 2]
    }

    /// Names the sum that the gradient of an image of the stack is added to, where the mask is not 1.
    mutating func add(_ image: Int, to sum: GradientSum, mask: Mask? = nil) {
        if let index = sums.firstIndex(where: { $0.sum === sum }) {
            sums[index].images.append(images.count)
        } else {
            sums.append(Sum(sum: sum, images: [images.count]))
        }
        images.append(image)
        masks.append(mask)
    }

    /// Adds a row of the gradient at the network's input, [x][3] in network order, of an image by its
    /// position in the way back.
    func add(_ row: UnsafePointer<Float>, y: Int, image: Int, to sum: Int) {
        let (pixels, width) = (sums[sum].sum.row(y), sums[sum].sum.width)
        guard let mask = masks[image] else {
            for c in 0..<3 {
                let (factor, source) = (factors[c], sources[c])
                for x in 0..<width { pixels[3 * x + source] += row[3 * x + c] * factor }
            }
            return
        }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * width) { valid in
            mask.readRow(y, into: valid)
            for c in 0..<3 {
                let (factor, source) = (factors[c], sources[c])
                for x in 0..<width {
                    let share = 1 - valid[3 * x + source]
                    pixels[3 * x + source] += Float(share * Double(row[3 * x + c] * factor))
                }
            }
        }
    }
}
