/// An affine gradient in the form the engine's kernels read, in single precision.
struct PackedSlope: Sendable {
    private enum Matrix: Sendable {
        case diagonal([Float])
        /// [block][panel][channel][nr], as the tile-domain product reads U.
        case panels(FloatBuffer)
    }

    private let channels: Int
    private let matrix: Matrix
    private let shift: [Float]

    /// A full matrix is of a multiple of 64 channels.
    /// - Throws: `outOfMemory`.
    init(_ slope: AffineSlope, _ kernels: Kernels) throws(InferenceError) {
        let channels = slope.shift.count
        self.channels = channels
        shift = slope.shift.map { Float($0) }
        switch slope.matrix {
        case .diagonal(let values): matrix = .diagonal(values.map { Float($0) })
        case .full(let values):
            let nr = kernels.nr
            let panels = try FloatBuffer(count: channels * channels)
            values.withUnsafeBufferPointer { values in
                for panel in 0..<channels / nr {
                    for i in 0..<channels {
                        let to = panels.base + (panel * channels + i) * nr
                        for j in 0..<nr { to[j] = Float(values[i * channels + panel * nr + j]) }
                    }
                }
            }
            matrix = .panels(panels)
        }
    }

    /// Adds one channel block of some columns of a row to `out`, [x][64], which begins at column 0.
    /// - Parameter weights: the row's, w where the matrix is of `Σ w² F Fᵀ`: the gradient is `w² A F`.
    func add(
        row y: Int, columns: Range<Int>, block: Int, of map: FeatureMap,
        weights: UnsafePointer<Float>? = nil, to out: UnsafeMutablePointer<Float>,
        kernels: Kernels, workspace: Workspace
    ) {
        let width = columns.count
        let start = columns.lowerBound * Kernels.block
        let out = out + start
        let first = block * Kernels.block
        shift.withUnsafeBufferPointer { shift in
            guard let b = shift.baseAddress.map({ $0 + first }) else { return }
            switch matrix {
            case .diagonal(let diagonal):
                precondition(weights == nil, "no weights but of products")
                diagonal.withUnsafeBufferPointer { diagonal in
                    guard let a = diagonal.baseAddress.map({ $0 + first }) else { return }
                    kernels.addAffine(
                        map.pixels(y, block: block) + start, times: a, plus: b, width: width,
                        to: out)
                }
            case .panels(let panels):
                let row = workspace.floats((width + 1) * Kernels.block)
                let ones = row + width * Kernels.block
                ones.update(repeating: 1, count: Kernels.block)
                for panel in 0..<Kernels.block / kernels.nr {
                    kernels.gemm(
                        tiles: width, blocks: channels / Kernels.block,
                        a: map.pixels(y, block: 0) + start,
                        aBlockStride: map.width * Kernels.block,
                        b: panels.base + (first + panel * kernels.nr) * channels,
                        c: row + panel * kernels.nr)
                }
                if let weights = weights.map({ $0 + columns.lowerBound }) {
                    for x in 0..<width {
                        let square = weights[x] * weights[x]
                        for c in x * Kernels.block..<(x + 1) * Kernels.block { row[c] *= square }
                    }
                }
                kernels.addAffine(row, times: ones, plus: b, width: width, to: out)
            }
        }
    }
}

/// The gradients of the parts of a summary in the form the engine's kernels read.
struct PackedSummarySlope: Sendable {
    private let parts: [PackedSlope]
    private let side: Int?
    private let weights: PositionWeights?

    /// - Throws: `outOfMemory`.
    init(
        _ slope: SummarySlope, weights: PositionWeights?, _ kernels: Kernels
    ) throws(InferenceError) {
        parts = try slope.parts.map { part throws(InferenceError) in
            try PackedSlope(part, kernels)
        }
        side = slope.side
        self.weights = weights
    }

    /// Adds one channel block of a row to `out`, [x][64].
    func add(
        row y: Int, block: Int, of map: FeatureMap, to out: UnsafeMutablePointer<Float>,
        kernels: Kernels, workspace: Workspace
    ) {
        let side = side ?? max(map.width, map.height)
        let across = max(1, map.width / side)
        for column in 0..<across {
            // What is beyond the last whole patch belongs to none.
            let number = y / side * across + column
            guard number < parts.count else { return }
            let end = self.side == nil ? map.width : (column + 1) * side
            parts[number].add(
                row: y, columns: column * side..<end, block: block, of: map,
                weights: weights?.row(y), to: out, kernels: kernels, workspace: workspace)
        }
    }
}
