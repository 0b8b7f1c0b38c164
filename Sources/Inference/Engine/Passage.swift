/// The gradient through one ReLU and the pool behind it: rows of what leaves them in, rows at the
/// convolution's output out.
struct Passage {
    let layer: TapeLayer
    let isPooled: Bool
    /// Pixels of zeros around the output.
    let margin: Int
    let kernels: Kernels
    /// The positions of the images on the tape.
    let sources: [Int]
    let leaving: RowRing
    /// What taps add between ReLU and pool.
    let beside: RowRing?
    let output: RowRing

    /// Makes one row of the output's ring.
    func run(ringRow: Int, image: Int, workspace: Workspace) {
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
            pass(y, image, block, to: row + margin * Kernels.block, workspace)
        }
    }

    private func pass(
        _ y: Int, _ image: Int, _ block: Int, to row: UnsafeMutablePointer<Float>,
        _ workspace: Workspace
    ) {
        let source = sources[image]
        guard isPooled, let pool = layer.pool else {
            guard let bits = layer.alive?.row(y, image: source, block: block) else { return }
            kernels.pass(
                leaving.pixels(y, image: image, block: block), bits: bits, columns: layer.width,
                out: row)
            return
        }
        if pool.pooling.isRoot {
            passRoots(pool, y, image, block, to: row, workspace)
        } else if let bits = (layer.maxima ?? layer.alive)?.row(y, image: source, block: block) {
            let (factor, edgeFactor) = factors(pool, y)
            let isInside = y / 2 < pool.height
            kernels.passPooled(
                leaving.pixels(isInside ? y / 2 : 0, image: image, block: block), bits: bits,
                columns: layer.width, pooledColumns: isInside ? pool.width : 0, factor: factor,
                edgeFactor: edgeFactor, out: row)
        }
        if let beside, let bits = layer.alive?.row(y, image: source, block: block) {
            kernels.addPassed(
                beside.pixels(y, image: image, block: block), bits: bits, columns: layer.width,
                to: row)
        }
    }

    // The roots are computed again. Features that are 0 pass nothing, so the ReLU is passed as well.
    private func passRoots(
        _ pool: TapeLayerShape.Pool, _ y: Int, _ image: Int, _ block: Int,
        to row: UnsafeMutablePointer<Float>, _ workspace: Workspace
    ) {
        let map = layer.features[sources[image]]
        let windows = PoolRow(
            pooling: pool.pooling, kernels: kernels, height: layer.height, width: layer.width,
            pooledWidth: pool.width)
        let count = pool.width * Kernels.block
        let roots = workspace.floats(2 * count)
        let share = roots + count
        row.update(repeating: 0, count: layer.width * Kernels.block)
        for window in pool.rows(ofInput: y) where window < pool.height {
            windows.compute(window, block: block, of: map.rows, into: roots)
            kernels.rootShares(
                leaving.pixels(window, image: image, block: block), UnsafePointer(roots),
                count: count, to: share)
            kernels.addRootPooled(
                map.pixels(y, block: block), share: UnsafePointer(share), columns: layer.width,
                pooledColumns: pool.width, isHann: pool.pooling == .l2Hann,
                factor: pool.pooling.rootFactor(row: y), to: row)
        }
    }

    // Of a window of two columns and of one at the right edge.
    private func factors(_ pool: TapeLayerShape.Pool, _ y: Int) -> (Float, Float) {
        guard case .average(let scale) = pool.pooling else { return (1, 1) }
        let rows: Float = y | 1 < layer.height ? 2 : 1
        return (scale / (2 * rows), scale / rows)
    }
}

extension NetworkVariant.Pooling {
    /// What the slope of a root by a feature is multiplied by besides the feature over the root.
    fileprivate func rootFactor(row: Int) -> Float {
        switch self {
        case .max, .average: 1
        case .l2(let scale): scale * scale
        case .l2Hann: row % 2 == 0 ? 0.5 : 0.25
        }
    }
}
