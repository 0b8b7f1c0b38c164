/// A pool by itself: rows of features in, rows of half the height and width out.
struct PoolStep {
    let pooling: NetworkVariant.Pooling
    let kernels: Kernels
    let input: RowRing
    let output: RowRing

    /// Computes rows of the output of every image, whose input rows the ring holds.
    func run(rows: Range<Int>, images: Int, team: Team) {
        team.parallel(images * rows.count) { item in
            let (image, place) = item.quotientAndRemainder(dividingBy: rows.count)
            let y = rows.lowerBound + place
            for block in 0..<output.blocks { row(y, image: image, block: block) }
        }
    }

    private func row(_ y: Int, image: Int, block: Int) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 3) { rows in
            for r in 0..<3 {
                let source = 2 * y - 1 + r
                let isInside = (0..<input.height).contains(source)
                rows.initializeElement(
                    at: r,
                    to: isInside
                        ? UnsafePointer(input.pixels(source, image: image, block: block)) : nil)
            }
            guard let rows = UnsafePointer(rows.baseAddress) else { return }
            kernels.pool(
                pooling, rows, columns: input.width, pooledColumns: output.width,
                out: output.pixels(y, image: image, block: block))
        }
    }
}
