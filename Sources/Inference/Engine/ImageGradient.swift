/// A gradient with respect to the pixels of an image, RGB in [0, 1].
public struct ImageGradient: Sendable {
    /// Rows and columns.
    public let height: Int, width: Int
    /// (H, W, 3), row-major.
    public let values: [Float]
}

/// Where a walk back ends: the gradients of a stack of images, row by row.
final class ImageGradients: @unchecked Sendable {
    // Unchecked: each row is written by one item of one loop.
    private let height: Int, width: Int, images: Int
    private let buffer: FloatBuffer
    // x = y · factor, in network channel order, and the RGB channel that each is made of.
    private let factors: [Float]
    private let sources: [Int]

    init(images: Int, height: Int, width: Int, preprocessing: Preprocessing) {
        (self.images, self.height, self.width) = (images, height, width)
        buffer = FloatBuffer(count: images * height * width * 3)
        factors = preprocessing.std.map { preprocessing.scale / $0 }
        sources = preprocessing.isBGR ? [2, 1, 0] : [0, 1, 2]
    }

    /// Takes a row of the gradient at the network's input, [x][3] in network order.
    func set(_ y: Int, image: Int, _ row: UnsafePointer<Float>) {
        let pixels = buffer.base + (image * height + y) * width * 3
        for c in 0..<3 {
            let (factor, source) = (factors[c], sources[c])
            for x in 0..<width { pixels[3 * x + source] = row[3 * x + c] * factor }
        }
    }

    /// The gradients, once every row is there.
    func finished() -> [ImageGradient] {
        let count = height * width * 3
        return (0..<images).map { image in
            let values = UnsafeBufferPointer(start: buffer.base + image * count, count: count)
            return ImageGradient(height: height, width: width, values: Array(values))
        }
    }
}
