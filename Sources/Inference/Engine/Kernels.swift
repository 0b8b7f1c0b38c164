import CKernels

/// The instruction set that the kernels use.
public enum InstructionSet: String, Sendable, CaseIterable {
    /// AVX-512 F, VL, DQ and BW: 32 registers of 16 floats.
    case avx512
    /// AVX2 and FMA: 16 registers of 8 floats.
    case avx2
    /// The compiler's baseline, vectors of 4 floats: SSE2 on x86-64, NEON on arm64.
    case portable

    /// Whether this processor, and the operating system on it, has the instruction set.
    public var isSupported: Bool { table != nil }

    /// The widest one that is supported.
    public static let best: InstructionSet = allCases.first(where: \.isSupported) ?? .portable

    fileprivate var table: UnsafePointer<styleloss_kernels>? {
        switch self {
        case .avx512: styleloss_kernels_avx512()
        case .avx2: styleloss_kernels_avx2()
        case .portable: styleloss_kernels_portable()
        }
    }
}

/// The kernels of one instruction set: CKernels.h is their contract. Those of statistics are in
/// `FeatureElement`, once for each precision.
package struct Kernels: @unchecked Sendable {
    // Unchecked: the table is a constant of the binary.
    package let table: styleloss_kernels

    package typealias Rows = UnsafePointer<UnsafePointer<Float>>
    package typealias OutputRows = styleloss_output_rows

    /// Channels in a block of an activation row.
    package static let block = Int(STYLELOSS_BLOCK)
    /// Blocks that hold so many channels.
    package static func blocks(of channels: Int) -> Int { (channels + block - 1) / block }
    /// Elements of a 6 × 6 tile in the tile domain.
    package static let elements = Int(STYLELOSS_ELEMENTS)

    /// The kernels of an instruction set; the portable ones where it is not supported.
    package init(_ instructionSet: InstructionSet) {
        table = (instructionSet.table ?? styleloss_kernels_portable()).pointee
    }

    /// Tiles of the register block of the tile-domain product, and output channels of a panel of U.
    package var mr: Int { table.mr }
    package var nr: Int { table.nr }

    package func transformKernel(
        _ kernel: UnsafePointer<Float>, ic: Int, u: UnsafeMutablePointer<Float>, uStride: Int
    ) {
        table.kernel_transform(kernel, ic, u, uStride)
    }

    package func transformInput(
        _ rows: Rows, rowBlockStride: Int, blocks: Int, tiles: Int, v: UnsafeMutablePointer<Float>,
        vElementStride: Int, vBlockStride: Int
    ) {
        table.input_transform(
            rows, rowBlockStride, blocks, tiles, v, vElementStride, vBlockStride)
    }

    package func gemm(
        tiles: Int, blocks: Int, a: UnsafePointer<Float>, aBlockStride: Int,
        b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>
    ) {
        table.gemm(tiles, blocks, a, aBlockStride, b, c)
    }

    package func transformOutput(
        _ m: UnsafePointer<Float>, mElementStride: Int, tiles: Int, bias: UnsafePointer<Float>,
        out: OutputRows
    ) {
        withUnsafePointer(to: out) { table.output_transform(m, mElementStride, tiles, bias, $0) }
    }

    package func transformTarget(
        _ m: UnsafeMutablePointer<Float>, mElementStride: Int, tiles: Int,
        bias: UnsafePointer<Float>, out: OutputRows
    ) {
        withUnsafePointer(to: out) { table.target_transform(m, mElementStride, tiles, bias, $0) }
    }

    package func transformDifference(
        _ m: UnsafePointer<Float>, mElementStride: Int, tiles: Int, y: UnsafePointer<Float>,
        out: OutputRows
    ) {
        withUnsafePointer(to: out) { table.difference_transform(m, mElementStride, tiles, y, $0) }
    }

    package func reluDifference(
        _ t: UnsafePointer<Float>, _ d: UnsafeMutablePointer<Float>, count: Int
    ) {
        table.relu_difference(t, d, count)
    }

    package func firstLayer(
        _ rows: Rows, kernel: UnsafePointer<Float>, bias: UnsafePointer<Float>, width: Int,
        conv: UnsafeMutablePointer<Float>?, relu: UnsafeMutablePointer<Float>?
    ) {
        table.first_layer(rows, kernel, bias, width, conv, relu)
    }

    /// One row of a pool that its convolution does not compute; see `PoolStep`.
    package func pool(
        _ pooling: NetworkVariant.Pooling, _ rows: UnsafePointer<UnsafePointer<Float>?>,
        columns: Int, pooledColumns: Int, out: UnsafeMutablePointer<Float>
    ) {
        switch pooling {
        case .max: table.pool_max(rows, columns, pooledColumns, 1, out)
        case .average(let scale): table.pool_average(rows, columns, pooledColumns, scale, out)
        case .l2(let scale): table.pool_l2(rows, columns, pooledColumns, scale, out)
        case .l2Hann: table.pool_l2_hann(rows, columns, pooledColumns, 1, out)
        }
    }

    package func aliveBits(
        _ row: UnsafePointer<Float>, columns: Int, bits: UnsafeMutablePointer<UInt8>
    ) {
        table.alive_bits(row, columns, bits)
    }

    package func equalPixels(
        _ rows: UnsafePointer<UnsafePointer<Float>?>, blockStride: Int, blocks: Int, columns: Int,
        pooledColumns: Int, tolerance: Float, first: UnsafeMutablePointer<UInt8>
    ) {
        table.equal_pixels(rows, blockStride, blocks, columns, pooledColumns, tolerance, first)
    }

    package func maximumBits(
        _ rows: UnsafePointer<UnsafePointer<Float>?>, columns: Int, pooledColumns: Int,
        first: UnsafePointer<UInt8>, bits: UnsafePointer<UnsafeMutablePointer<UInt8>?>
    ) {
        table.maximum_bits(rows, columns, pooledColumns, first, bits)
    }

    package func pass(
        _ d: UnsafePointer<Float>, bits: UnsafePointer<UInt8>, columns: Int,
        out: UnsafeMutablePointer<Float>
    ) {
        table.pass(d, bits, columns, out)
    }

    package func addPassed(
        _ d: UnsafePointer<Float>, bits: UnsafePointer<UInt8>, columns: Int,
        to out: UnsafeMutablePointer<Float>
    ) {
        table.add_passed(d, bits, columns, out)
    }

    package func passPooled(
        _ d: UnsafePointer<Float>, bits: UnsafePointer<UInt8>, columns: Int, pooledColumns: Int,
        factor: Float, edgeFactor: Float, out: UnsafeMutablePointer<Float>
    ) {
        table.pass_pooled(d, bits, columns, pooledColumns, factor, edgeFactor, out)
    }

    package func sumOfSquares(_ row: UnsafePointer<Float>, count: Int) -> Double {
        table.sum_of_squares(row, count)
    }

    package func add(_ a: UnsafePointer<Float>, count: Int, to out: UnsafeMutablePointer<Float>) {
        table.add(a, count, out)
    }

    package func addAffine(
        _ row: UnsafePointer<Float>, less centre: UnsafePointer<Float>,
        times a: UnsafePointer<Float>, plus b: UnsafePointer<Float>, width: Int,
        to out: UnsafeMutablePointer<Float>
    ) {
        table.add_affine(row, centre, a, b, width, out)
    }

    func addSlopes(
        _ slope: DifferenceSlope, weight: Double, _ f: UnsafePointer<Float>,
        _ t: UnsafePointer<Float>, count: Int, to out: UnsafeMutablePointer<Float>
    ) {
        table.add_pointwise_slopes(
            slope.rule.kernel, Float(slope.rule.parameter), Float(slope.factor * weight),
            Float(slope.scale), f, t, count, out)
    }

    package func differenceSigns(
        _ f: UnsafePointer<Float>, _ t: UnsafePointer<Float>, columns: Int,
        above: UnsafeMutablePointer<UInt8>, below: UnsafeMutablePointer<UInt8>
    ) {
        table.difference_signs(f, t, columns, above, below)
    }

    package func addSigns(
        above: UnsafePointer<UInt8>, below: UnsafePointer<UInt8>, columns: Int, times factor: Float,
        to out: UnsafeMutablePointer<Float>
    ) {
        table.add_signs(above, below, columns, factor, out)
    }

    /// Adds to `dots`, a value a pixel, `Σ v a` with `v = w·g′(ra·a − rb·b)`, w of each channel.
    func addUnitDots(
        _ rule: Pointwise, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>),
        weights: UnsafePointer<Double>?, width: Int,
        to dots: UnsafeMutablePointer<Double>
    ) {
        table.unit_dots(
            rule.kernel, rule.parameter, a, b, factors.a, factors.b, weights, width, dots)
    }

    /// Adds `factor·(ra·v − k·a)`.
    func addUnitSlopes(
        _ rule: Pointwise, factor: Double, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>),
        k: UnsafePointer<Double>, weights: UnsafePointer<Double>?, width: Int,
        to out: UnsafeMutablePointer<Float>
    ) {
        table.add_unit_slopes(
            rule.kernel, rule.parameter, factor, a, b, factors.a, factors.b, k, weights, width,
            out)
    }

    func rootShares(
        _ d: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int,
        to share: UnsafeMutablePointer<Float>
    ) {
        table.root_shares(d, y, count, share)
    }

    func addRootPooled(
        _ row: UnsafePointer<Float>, share: UnsafePointer<Float>, columns: Int,
        pooledColumns: Int, isHann: Bool, factor: Float, to out: UnsafeMutablePointer<Float>
    ) {
        table.add_root_pooled(
            row, share, columns, pooledColumns, isHann ? 1 : 0, factor, out)
    }

    package func firstLayerGradient(
        _ rows: Rows, kernel: UnsafePointer<Float>, width: Int, out: UnsafeMutablePointer<Float>
    ) {
        table.first_layer_gradient(rows, kernel, width, out)
    }
}
