/// The gradient through one ReLU and the pool behind it: rows of what leaves them in, rows at the
/// convolution's output out.
struct Passage {
    let layer: TapeLayer
    let isPooled: Bool
    /// Pixels of zeros around the output.
    let margin: Int
    let kernels: Kernels
    let leaving: RowRing
    /// What taps add between ReLU and pool.
    let beside: RowRing?
    let output: RowRing

    /// Makes one row of the output's ring.
    func run(ringRow: Int, image: Int) {
        let y = ringRow - margin
        for block in 0..<output.blocks {
            let row = output.pixels(ringRow, image: image, block: block)
            guard (0..<layer.height).contains(y) else {
                row.update(repeating: 0, count: output.width * Kernels.block)
                continue
            }
            for x in 0..<margin {
                (row + x * Kernels.block).update(repeating: 0, count: Kernels.block)
                (row + (output.width - 1 - x) * Kernels.block)
                    .update(repeating: 0, count: Kernels.block)
            }
            pass(y, image, block, to: row + margin * Kernels.block)
        }
    }

    private func pass(
        _ y: Int, _ image: Int, _ block: Int, to row: UnsafeMutablePointer<Float>
    ) {
        guard isPooled, let pool = layer.pool else {
            guard let bits = layer.alive?.row(y, image: image, block: block) else { return }
            kernels.pass(
                leaving.pixels(y, image: image, block: block), bits: bits, columns: layer.width,
                out: row)
            return
        }
        if let bits = (layer.maxima ?? layer.alive)?.row(y, image: image, block: block) {
            let (factor, edgeFactor) = factors(pool, y)
            let isInside = y / 2 < pool.height
            kernels.passPooled(
                leaving.pixels(isInside ? y / 2 : 0, image: image, block: block), bits: bits,
                columns: layer.width, pooledColumns: isInside ? pool.width : 0, factor: factor,
                edgeFactor: edgeFactor, out: row)
        }
        if let beside, let bits = layer.alive?.row(y, image: image, block: block) {
            kernels.addPassed(
                beside.pixels(y, image: image, block: block), bits: bits, columns: layer.width,
                to: row)
        }
    }

    // Of a window of two columns and of one at the right edge.
    private func factors(_ pool: TapeLayerShape.Pool, _ y: Int) -> (Float, Float) {
        guard case .average(let scale) = pool.pooling else { return (1, 1) }
        let rows: Float = y | 1 < layer.height ? 2 : 1
        return (scale / (2 * rows), scale / rows)
    }
}
