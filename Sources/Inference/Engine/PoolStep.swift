/// A pool by itself: rows of features in, rows of half the height and width out.
package struct PoolStep {
    let pooling: NetworkVariant.Pooling
    let kernels: Kernels
    let input: RowRing
    let output: RowRing

    package init(
        pooling: NetworkVariant.Pooling, kernels: Kernels, input: RowRing, output: RowRing
    ) {
        self.pooling = pooling
        self.kernels = kernels
        self.input = input
        self.output = output
    }

    /// Computes rows of the output of every image, whose input rows the ring holds.
    package func run(rows: Range<Int>, images: Int, team: Team) {
        let windows = PoolRow(
            pooling: pooling, kernels: kernels, height: input.height, width: input.width,
            pooledWidth: output.width)
        team.parallel(images * rows.count) { item in
            let (image, place) = item.quotientAndRemainder(dividingBy: rows.count)
            let y = rows.lowerBound + place
            for block in 0..<output.blocks {
                windows.compute(
                    y, block: block, of: input.rows(ofImage: image),
                    into: output.pixels(y, image: image, block: block))
            }
        }
    }
}

/// One row of windows of a pool.
struct PoolRow {
    let pooling: NetworkVariant.Pooling
    let kernels: Kernels
    /// Rows and columns of the input.
    let height: Int, width: Int
    let pooledWidth: Int

    /// Computes a channel block of row y.
    func compute(
        _ y: Int, block: Int, of input: FeatureRows<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 3) { rows in
            for r in 0..<3 {
                let source = 2 * y - 1 + r
                rows.initializeElement(
                    at: r,
                    to: (0..<height).contains(source) ? input.pixels(source, block: block) : nil)
            }
            guard let rows = UnsafePointer(rows.baseAddress) else { return }
            kernels.pool(
                pooling, rows, columns: width, pooledColumns: pooledWidth, out: out)
        }
    }
}
