/// One bit for each output of a layer, of every image of a stack: whether it passes a gradient.
///
/// Layout [image][channel block][y][x][8 bytes]: bit c of a pixel's eight bytes is channel c. All rows are
/// there, or the last ones of a walk that goes on, row y in slot y mod `slots`.
struct PassBits: @unchecked Sendable {
    // Unchecked: a walk writes each row once, before anyone reads it.
    let images: Int
    private let blocks: Int, width: Int, slots: Int
    private let buffer: FloatBuffer

    private static let floatsPerPixel = 2

    /// All clear.
    init(images: Int, blocks: Int, width: Int, slots: Int, arena: Arena) {
        (self.images, self.blocks, self.width, self.slots) = (images, blocks, width, slots)
        buffer = FloatBuffer(
            count: Self.count(images: images, blocks: blocks, width: width, slots: slots),
            in: arena)
        buffer.base.update(repeating: 0, count: buffer.count)
    }

    /// The floats whose room it takes.
    static func count(images: Int, blocks: Int, width: Int, slots: Int) -> Int {
        images * blocks * slots * width * floatsPerPixel
    }

    /// The bits of a channel block of a row.
    func row(_ y: Int, image: Int, block: Int) -> UnsafeMutablePointer<UInt8> {
        let index = ((image * blocks + block) * slots + y % slots) * width
        return UnsafeMutableRawPointer(buffer.base + index * Self.floatsPerPixel)
            .assumingMemoryBound(to: UInt8.self)
    }

    /// Whether one output passes.
    func passes(image: Int, channel: Int, y: Int, x: Int) -> Bool {
        let bits = row(y, image: image, block: channel / Kernels.block) + 8 * x
        return bits[channel % Kernels.block / 8] >> (channel % 8) & 1 == 1
    }
}

/// Bits of some of the images that a step is of.
package struct ImageBits {
    let bits: PassBits
    /// By position in the step, the place among the bits; nil for an image without any.
    let images: [Int?]
}
