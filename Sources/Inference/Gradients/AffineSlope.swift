/// A gradient that is affine in the features of one image at one tap: `A·F + b·1ᵀ` with a symmetric or
/// diagonal A, in the form the kernels read.
struct AffineSlope: Sendable {
    /// A.
    enum Matrix: Sendable {
        case diagonal([Float])
        /// [block][panel][channel][nr], as the tile-domain product reads U.
        case panels(FloatBuffer)
    }

    let channels: Int
    let matrix: Matrix
    /// b
    let shift: [Float]

    /// `a_c F_c + b_c`
    init(diagonal: [Double], shift: [Double]) {
        channels = diagonal.count
        matrix = .diagonal(diagonal.map { Float($0) })
        self.shift = shift.map { Float($0) }
    }

    /// - Parameter matrix: C × C, symmetric, row-major; C is a multiple of 64.
    init(matrix: [Double], shift: [Double], kernels: Kernels) {
        let channels = shift.count
        let nr = kernels.nr
        let panels = FloatBuffer(count: channels * channels)
        matrix.withUnsafeBufferPointer { matrix in
            for panel in 0..<channels / nr {
                for i in 0..<channels {
                    let to = panels.base + (panel * channels + i) * nr
                    for j in 0..<nr { to[j] = Float(matrix[i * channels + panel * nr + j]) }
                }
            }
        }
        self.channels = channels
        self.matrix = .panels(panels)
        self.shift = shift.map { Float($0) }
    }

    /// Adds one channel block of some columns of a row to `out`, [x][64], which begins at column 0.
    func add(
        row y: Int, columns: Range<Int>, block: Int, of map: FeatureMap,
        to out: UnsafeMutablePointer<Float>, kernels: Kernels, workspace: Workspace
    ) {
        let width = columns.count
        let start = columns.lowerBound * Kernels.block
        let out = out + start
        let first = block * Kernels.block
        shift.withUnsafeBufferPointer { shift in
            guard let b = shift.baseAddress.map({ $0 + first }) else { return }
            switch matrix {
            case .diagonal(let diagonal):
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
                kernels.addAffine(row, times: ones, plus: b, width: width, to: out)
            }
        }
    }
}

/// A gradient by a summary of features: of all positions, or of each patch by itself.
struct SummarySlope: Sendable {
    /// One, or one a patch, row by row.
    let parts: [AffineSlope]
    /// Pixels of a patch's side; nil for all positions together.
    let side: Int?

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
                row: y, columns: column * side..<end, block: block, of: map, to: out,
                kernels: kernels, workspace: workspace)
        }
    }
}
