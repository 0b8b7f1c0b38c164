/// An affine gradient in the form the engine's kernels read, in single precision.
struct PackedSlope: Sendable {
    private enum Matrix: Sendable {
        case diagonal([Float])
        /// [block][panel][channel][nr], as the tile-domain product reads U.
        case panels(FloatBuffer)
    }

    private let channels: Int
    private let matrix: Matrix
    // Of every channel; nil where nothing is taken off.
    private let centre: [Float]?
    private let shift: [Float]

    private static let zeros = [Float](repeating: 0, count: Kernels.block)
    private static let ones = [Float](repeating: 1, count: Kernels.block)

    /// A full matrix is of a multiple of 64 channels.
    /// - Throws: `outOfMemory`.
    init(_ slope: AffineSlope, _ kernels: Kernels) throws(InferenceError) {
        let channels = slope.shift.count
        self.channels = channels
        let centre = slope.centre.map { $0.map { Float($0) } }
        self.centre = centre
        // What single precision takes off too much or too little.
        shift =
            (centre.map { slope.shift(centredOn: $0.map { Double($0) }) } ?? slope.shift)
            .map { Float($0) }
        switch slope.matrix {
        case .diagonal(let values): matrix = .diagonal(values.map { Float($0) })
        case .symmetric(let upper):
            matrix = .panels(try Self.panels(upper, channels, nr: kernels.nr))
        }
    }

    private static func panels(
        _ upper: [Double], _ channels: Int, nr: Int
    ) throws(InferenceError) -> FloatBuffer {
        let panels = try FloatBuffer(count: channels * channels)
        upper.withUnsafeBufferPointer { upper in
            for first in stride(from: 0, to: channels, by: nr) {
                let panel = panels.base + first * channels
                for row in 0..<first {
                    let from = GramMatrix.upperStart(ofRow: row, order: channels) + first - row
                    for j in 0..<nr { panel[row * nr + j] = Float(upper[from + j]) }
                }
                // Below, columns are the triangle's rows.
                for j in 0..<nr {
                    let start = GramMatrix.upperStart(ofRow: first + j, order: channels)
                    for row in first + j..<channels {
                        panel[row * nr + j] = Float(upper[start + row - first - j])
                    }
                    for column in j + 1..<nr {
                        panel[(first + j) * nr + column] = Float(upper[start + column - j])
                    }
                }
            }
        }
        return panels
    }

    /// Adds some columns of a row to what `out` gives of each channel block, [x][64] from column 0 on.
    /// - Parameter weights: the row's, w where the matrix is of `Σ w² F Fᵀ`: the gradient is `w² A F`.
    func add(
        row y: Int, columns: Range<Int>, of map: FeatureMap,
        weights: UnsafePointer<Float>? = nil, kernels: Kernels, workspace: Workspace,
        to out: (_ block: Int) -> UnsafeMutablePointer<Float>
    ) {
        let start = columns.lowerBound * Kernels.block
        switch matrix {
        case .diagonal(let diagonal):
            precondition(weights == nil, "no weights but of products")
            for block in 0..<channels / Kernels.block {
                addAffine(
                    map.pixels(y, block: block) + start, block, less: centre, times: diagonal,
                    plus: shift, columns.count, to: out(block) + start, kernels)
            }
        case .panels(let panels):
            let count = columns.count * Kernels.block
            let product = workspace.floats(count + (centre == nil ? 0 : channels * columns.count))
            var (features, stride) = (map.pixels(y, block: 0) + start, map.width * Kernels.block)
            if centre != nil {
                let centred = product + count
                centred.update(repeating: 0, count: channels * columns.count)
                for block in 0..<channels / Kernels.block {
                    addAffine(
                        features + block * stride, block, less: centre, times: nil, plus: nil,
                        columns.count, to: centred + block * count, kernels)
                }
                (features, stride) = (centred, count)
            }
            for block in 0..<channels / Kernels.block {
                for panel in 0..<Kernels.block / kernels.nr {
                    kernels.gemm(
                        tiles: columns.count, blocks: channels / Kernels.block, a: features,
                        aBlockStride: stride,
                        b: panels.base + (block * Kernels.block + panel * kernels.nr) * channels,
                        c: product + panel * kernels.nr)
                }
                if let weights = weights.map({ $0 + columns.lowerBound }) {
                    for x in 0..<columns.count {
                        let square = weights[x] * weights[x]
                        for c in x * Kernels.block..<(x + 1) * Kernels.block {
                            product[c] *= square
                        }
                    }
                }
                addAffine(
                    product, block, less: nil, times: nil, plus: shift, columns.count,
                    to: out(block) + start, kernels)
            }
        }
    }

    // Of one channel block; nil stands for zeros, and for ones as a factor.
    private func addAffine(
        _ row: UnsafePointer<Float>, _ block: Int, less centre: [Float]?, times factors: [Float]?,
        plus shift: [Float]?, _ width: Int, to out: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let first = block * Kernels.block
        let part = { (values: [Float]?, otherwise: [Float]) in
            values.map { $0[first..<first + Kernels.block] } ?? otherwise[...]
        }
        part(centre, Self.zeros).withUnsafeBufferPointer { c in
            part(factors, Self.ones).withUnsafeBufferPointer { a in
                part(shift, Self.zeros).withUnsafeBufferPointer { b in
                    guard let c = c.baseAddress, let a = a.baseAddress, let b = b.baseAddress
                    else { return }
                    kernels.addAffine(row, less: c, times: a, plus: b, width: width, to: out)
                }
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

    /// Adds a row to what `out` gives of each channel block, [x][64].
    func add(
        row y: Int, of map: FeatureMap, kernels: Kernels, workspace: Workspace,
        to out: (_ block: Int) -> UnsafeMutablePointer<Float>
    ) {
        let side = side ?? max(map.width, map.height)
        let across = max(1, map.width / side)
        for column in 0..<across {
            // What is beyond the last whole patch belongs to none.
            let number = y / side * across + column
            guard number < parts.count else { return }
            let end = self.side == nil ? map.width : (column + 1) * side
            parts[number].add(
                row: y, columns: column * side..<end, of: map, weights: weights?.row(y),
                kernels: kernels, workspace: workspace, to: out)
        }
    }
}
