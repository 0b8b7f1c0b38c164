/// Rows of the features of one image at one place, wherever they lie: a ring of the walk, a map that
/// is kept, a packed run of a client's tensor. A row is [channel block][x][64].
package struct FeatureRows<Element> {
    private let base: UnsafePointer<Element>
    // Row y lies in slot y mod `slots`.
    private let slots: Int
    private let rowStride: Int
    /// Distance of two channel blocks, in elements.
    let blockStride: Int
    /// Channel blocks of 64; what the last one has beyond the channels is zero.
    package let blocks: Int

    /// A view of memory that outlives it, from row 0, block 0, column 0 on; strides in elements.
    package init(
        base: UnsafePointer<Element>, slots: Int, rowStride: Int, blockStride: Int, blocks: Int
    ) {
        self.base = base
        self.slots = slots
        self.rowStride = rowStride
        self.blockStride = blockStride
        self.blocks = blocks
    }

    /// The same channel block for all rows and blocks.
    package init(repeating base: UnsafePointer<Element>, blocks: Int) {
        self.init(base: base, slots: 1, rowStride: 0, blockStride: 0, blocks: blocks)
    }

    /// A channel block of a row, at column 0.
    package func pixels(_ y: Int, block: Int) -> UnsafePointer<Element> {
        base + (y % slots) * rowStride + block * blockStride
    }
}

extension RowRing {
    /// The rows of one image of the stack.
    package func rows(ofImage image: Int) -> FeatureRows<Float> {
        FeatureRows(
            base: row(0, image: image) + Kernels.block, slots: slots, rowStride: rowStride,
            blockStride: blockStride, blocks: blocks)
    }
}

extension FeatureMap {
    /// All rows of the map.
    package var rows: FeatureRows<Float> {
        FeatureRows(
            base: pixels(0, block: 0), slots: slots, rowStride: channels * width,
            blockStride: width * Kernels.block, blocks: Kernels.blocks(of: channels))
    }
}
