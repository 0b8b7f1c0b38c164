/// The last rows of every image of a stack, preprocessed for the network: [1 + x][3] in network
/// order, with a pixel of border on either side.
struct ImageRows {
    private let images: [Image]
    // The image that one is the difference from, by position.
    private let targets: [Int: Int]
    private let slots: Int
    private let border: Border
    private let rowStride: Int
    private let base: UnsafeMutablePointer<Float>
    // y = x · factor + offset, in network channel order, and the RGB channel each is made of.
    private let factors: [Float]
    private let offsets: [Float]
    private let sources: [Int]

    init(
        images: [Image], targets: [Int: Int] = [:], slots: Int, preprocessing: Preprocessing,
        border: Border, arena: Arena
    ) {
        self.images = images
        self.targets = targets
        self.border = border
        self.slots = min(slots, images[0].height)
        rowStride = 3 * (images[0].width + 2)
        let count = Self.count(
            width: images[0].width, height: images[0].height, slots: slots, images: images.count)
        base = arena.floats(count)
        base.update(repeating: 0, count: count)
        factors = preprocessing.std.map { preprocessing.scale / $0 }
        offsets = (0..<3).map { -preprocessing.mean[$0] / preprocessing.std[$0] }
        sources = preprocessing.isBGR ? [2, 1, 0] : [0, 1, 2]
    }

    /// The floats that the rows take of their arena: one row more than the slots, of zeros.
    static func count(width: Int, height: Int, slots: Int, images: Int) -> Int {
        Arena.rounded((images * min(slots, height) + 1) * 3 * (width + 2))
    }

    /// The row at column −1; the border's where it is outside the image.
    func row(_ y: Int, image: Int) -> UnsafeMutablePointer<Float> {
        let source = border.source(y, of: images[image].height)
        let slot = source.map { image * slots + $0 % slots } ?? images.count * slots
        return base + slot * rowStride
    }

    /// Reads a row of an image, or of its difference from another, and preprocesses it.
    func load(_ y: Int, image: Int) {
        let width = images[image].width
        let pixels = row(y, image: image) + 3
        let row = UnsafeMutableBufferPointer(start: pixels, count: 3 * width)
        var (o0, o1, o2): (Float, Float, Float) = (0, 0, 0)
        if let target = targets[image] {
            images[image].readRow(y, lessThatOf: images[target], into: row)
        } else {
            images[image].readRow(y, into: row)
            (o0, o1, o2) = (offsets[0], offsets[1], offsets[2])
        }
        let (f0, f1, f2) = (factors[0], factors[1], factors[2])
        let (s0, s2) = (sources[0], sources[2])
        for x in 0..<width {
            let pixel = pixels + 3 * x
            let (a, b, c) = (pixel[s0], pixel[1], pixel[s2])
            pixel[0] = a * f0 + o0
            pixel[1] = b * f1 + o1
            pixel[2] = c * f2 + o2
        }
        fillEdge(-1, of: pixels, width)
        fillEdge(width, of: pixels, width)
    }

    private func fillEdge(_ x: Int, of pixels: UnsafeMutablePointer<Float>, _ width: Int) {
        guard let source = border.source(x, of: width) else { return }
        (pixels + 3 * x).update(from: pixels + 3 * source, count: 3)
    }

    /// Says which pixels of a row that has been loaded are not zero.
    func fill(_ support: SupportRing, _ y: Int, image: Int) {
        let pixels = row(y, image: image) + 3
        let inside = support.row(y, image: image)
        for x in 0..<images[image].width {
            let isZero = pixels[3 * x] == 0 && pixels[3 * x + 1] == 0 && pixels[3 * x + 2] == 0
            inside[x] = isZero ? 0 : 1
        }
    }
}
