/// The last rows of one layer's activations, for every image of a stack: row y lies in slot
/// y mod `slots`, so that memory grows with the width and never with the height.
///
/// Layout [image][slot][channel block][1 + x][64] with x = −1 … 4·tiles: what lies outside the image
/// is zero and stays so, which is the zero padding of a convolution, unless `fillEdges` fills the
/// columns next to it.
package struct RowRing {
    package let height: Int
    package let width: Int
    package let blocks: Int
    package let slots: Int
    /// Distance of two channel blocks of a row, in floats.
    package let blockStride: Int
    /// Distance of two rows, in floats.
    package let rowStride: Int
    private let base: UnsafeMutablePointer<Float>

    package init(height: Int, width: Int, blocks: Int, slots: Int, images: Int, arena: Arena) {
        self.height = height
        self.width = width
        self.blocks = blocks
        self.slots = min(slots, height)
        (blockStride, rowStride) = Self.strides(width: width, blocks: blocks)
        base = arena.floats(images * self.slots * rowStride)
        clearBorders(images: images)
    }

    /// The floats that a ring takes of its arena.
    package static func count(height: Int, width: Int, blocks: Int, slots: Int, images: Int) -> Int
    {
        Arena.rounded(images * min(slots, height) * strides(width: width, blocks: blocks).row)
    }

    private static func strides(width: Int, blocks: Int) -> (block: Int, row: Int) {
        let pixels = (width + 3) / 4 * 4 + 2
        let block = pixels * Kernels.block
        let row = blocks * block
        // Rows that are a multiple of 4 KiB apart would share the sets of a first-level cache.
        return (block, row % 1024 == 0 ? row + Kernels.block : row)
    }

    /// The row's first channel block, at column −1.
    package func row(_ y: Int, image: Int) -> UnsafeMutablePointer<Float> {
        base + (image * slots + y % slots) * rowStride
    }

    /// A channel block of the row, at column 0.
    package func pixels(_ y: Int, image: Int, block: Int) -> UnsafeMutablePointer<Float> {
        row(y, image: image) + block * blockStride + Kernels.block
    }

    /// Fills the columns −1 and `width` of a row that has been written, as a border of the kind has them.
    package func fillEdges(_ y: Int, image: Int, border: Border) {
        for block in 0..<blocks {
            let pixels = pixels(y, image: image, block: block)
            fillEdge(-1, of: pixels, border)
            fillEdge(width, of: pixels, border)
        }
    }

    private func fillEdge(_ x: Int, of pixels: UnsafeMutablePointer<Float>, _ border: Border) {
        guard let source = border.source(x, of: width) else { return }
        (pixels + x * Kernels.block).update(
            from: pixels + source * Kernels.block, count: Kernels.block)
    }

    private func clearBorders(images: Int) {
        for row in 0..<images * slots {
            for block in 0..<blocks {
                let start = base + row * rowStride + block * blockStride
                start.update(repeating: 0, count: Kernels.block)
                (start + (1 + width) * Kernels.block)
                    .update(repeating: 0, count: blockStride - (1 + width) * Kernels.block)
            }
        }
    }
}
