/// The transpose of a border: what a convolution read outside of its input was a pixel inside, to which
/// its gradient is added.
///
/// Padded rows and columns are counted from the border's: row y of the input is padded row y + 1.
package struct BorderFold {
    let border: Border
    let height: Int, width: Int

    package init(border: Border, height: Int, width: Int) {
        self.border = border
        (self.height, self.width) = (height, width)
    }

    private var margin: Int { border == .zero ? 0 : 1 }

    /// The padded rows that row y is the sum of.
    private func sources(_ y: Int, of count: Int) -> [Int] {
        guard margin > 0 else { return [y] }
        return [-1, y, count].filter { $0 == y || border.source($0, of: count) == y }
            .map { $0 + 1 }
    }

    /// The padded rows that row y is the sum of.
    package func rows(_ y: Int) -> [Int] { sources(y, of: height) }

    /// Rows that are complete once so many padded ones are there.
    package func rowsDone(afterPaddedRows rows: Int) -> Int {
        guard margin > 0 else { return rows }
        if rows == height + 2 { return height }
        return max(0, min(rows - 1, border.source(height, of: height) ?? height))
    }

    /// Adds what stands in the columns outside to those inside; rows are [x][step] of `width` + 2
    /// columns.
    func foldColumns(_ row: UnsafeMutablePointer<Float>, step: Int) {
        guard margin > 0 else { return }
        for x in [-1, width] {
            guard let source = border.source(x, of: width) else { continue }
            for c in 0..<step { row[(source + 1) * step + c] += row[(x + 1) * step + c] }
        }
    }

    /// Makes one row of the ring of inputs from the padded ring.
    package func run(
        row y: Int, image: Int, from padded: RowRing, to ring: RowRing, kernels: Kernels
    ) {
        for block in 0..<ring.blocks {
            let out = ring.pixels(y, image: image, block: block)
            for (place, source) in rows(y).enumerated() {
                let row = padded.pixels(source, image: image, block: block)
                foldColumns(row, step: Kernels.block)
                let inside = row + margin * Kernels.block
                let count = width * Kernels.block
                if place == 0 {
                    out.update(from: inside, count: count)
                } else {
                    kernels.add(inside, count: count, to: out)
                }
            }
        }
    }
}
