import CKernels
import Inference
import TestSupport
import Testing

/// What leaves the tile domain: features before and after the ReLU and after the pool, of images and of
/// their differences, at every width of the last tile.
struct OutputTransformTests {
    /// The outputs of one row of tiles.
    private struct Rows: Equatable {
        static let width = 4 * 5
        var conv = Rows.empty(4), relu = Rows.empty(4), pool = Rows.empty(2)

        private static func empty(_ count: Int) -> [[Float]] {
            Array(
                repeating: Array(repeating: KernelInputs.untouched, count: width * Kernels.block),
                count: count)
        }

        /// Calls `body` with where to write: some rows of some kinds.
        mutating func write(
            columns: Int, rows: Int = 4, conv hasConv: Bool, relu hasRelu: Bool, pool hasPool: Bool,
            _ body: (Kernels.OutputRows) -> Void
        ) {
            let memory = UnsafeMutablePointer<Float>.allocate(
                capacity: 10 * Self.width * Kernels.block)
            defer { memory.deallocate() }
            let all = conv + relu + pool
            let pointers = all.indices.map { memory + $0 * Self.width * Kernels.block }
            for (row, pointer) in zip(all, pointers) {
                for (i, value) in row.enumerated() { pointer[i] = value }
            }
            func at(_ index: Int, _ isThere: Bool) -> UnsafeMutablePointer<Float>? {
                isThere ? pointers[index] : nil
            }
            var out = Kernels.OutputRows()
            out.columns = columns
            out.conv = (
                at(0, hasConv), at(1, hasConv && rows > 1), at(2, hasConv && rows > 2),
                at(3, hasConv && rows > 3)
            )
            out.relu = (
                at(4, hasRelu), at(5, hasRelu && rows > 1), at(6, hasRelu && rows > 2),
                at(7, hasRelu && rows > 3)
            )
            out.pool = (at(8, hasPool && rows > 1), at(9, hasPool && rows > 3))
            body(out)
            let written = pointers.map {
                Array(UnsafeBufferPointer(start: $0, count: Self.width * Kernels.block))
            }
            (conv, relu, pool) = (
                Array(written[..<4]), Array(written[4..<8]), Array(written[8...])
            )
        }
    }

    private static let tiles = 5
    private static let stride = tiles * Kernels.block + 16

    // Aᵀ M A of one tile and channel.
    private func pixels(_ m: [Float], _ tile: Int, _ c: Int) -> [[Double]] {
        let elements = (0..<36).map { Double(m[$0 * Self.stride + tile * Kernels.block + c]) }
        let m = SmallMatrix(elements, columns: 6)
        return (WinogradMatrices.output * m * WinogradMatrices.output.transposed).rows
    }

    private func expect(
        _ row: [Float], _ x: Int, _ c: Int, toBe expected: Double?, _ what: String
    ) {
        let value = row[x * Kernels.block + c]
        guard let expected else {
            #expect(value == KernelInputs.untouched, "\(what) is written at \(x)")
            return
        }
        #expect(abs(Double(value) - expected) < 1e-4, "\(what) \(x) \(c): \(value), \(expected)")
    }

    @Test(arguments: KernelInputs.sets, Array(17...20))
    func `features are Aᵀ M A with bias, and nothing is written outside the image`(
        set: InstructionSet, columns: Int
    ) {
        let m = KernelInputs.floats(36 * Self.stride, columns)
        let bias = KernelInputs.floats(Kernels.block, 9)
        let kinds = [
            (true, true, true), (true, false, false), (false, true, false), (false, true, true),
            (false, false, true),
        ]
        for (hasConv, hasRelu, hasPool) in kinds {
            for rowCount in [1, 2, 3, 4] where rowCount > 1 || hasConv || hasRelu {
                var rows = Rows()
                rows.write(
                    columns: columns, rows: rowCount, conv: hasConv, relu: hasRelu, pool: hasPool
                ) { out in
                    withPointers(to: [m, bias]) {
                        Kernels(set).transformOutput(
                            $0[0], mElementStride: Self.stride, tiles: Self.tiles, bias: $0[1],
                            out: out)
                    }
                }
                for c in [0, 5, 63] {
                    check(
                        rows, c, columns, rowCount, (hasConv, hasRelu, hasPool)
                    ) { tile in
                        pixels(m, tile, c).map { $0.map { $0 + Double(bias[c]) } }
                    }
                }
            }
        }
    }

    private func check(
        _ rows: Rows, _ c: Int, _ columns: Int, _ rowCount: Int,
        _ has: (conv: Bool, relu: Bool, pool: Bool), _ tile: (Int) -> [[Double]]
    ) {
        for number in 0..<Self.tiles {
            let y = tile(number)
            for i in 0..<16 {
                let (row, x) = (i / 4, 4 * number + i % 4)
                let isInside = x < columns && row < rowCount
                let value = y[row][i % 4]
                expect(
                    rows.conv[row], x, c, toBe: isInside && has.conv ? value : nil, "conv \(row)")
                expect(
                    rows.relu[row], x, c, toBe: isInside && has.relu ? max(0, value) : nil,
                    "relu \(row)")
            }
            for i in 0..<4 {
                let (row, x) = (i / 2, 2 * number + i % 2)
                let isInside = 2 * x + 1 < columns && 2 * row + 1 < rowCount
                let window = [0, 1].flatMap { dy in
                    [0, 1].map { y[2 * row + dy][2 * (i % 2) + $0] }
                }
                let value = window.reduce(0) { max($0, $1) }
                expect(
                    rows.pool[row], x, c, toBe: isInside && has.pool ? value : nil, "pool \(row)")
            }
        }
    }

    @Test(arguments: KernelInputs.sets)
    func `an overflow stays visible behind the ReLU and the pool`(set: InstructionSet) {
        var m = KernelInputs.floats(36 * Self.stride, 3)
        m[0] = .infinity
        m[7 * Self.stride] = -.infinity
        let bias = [Float](repeating: 0, count: Kernels.block)
        var rows = Rows()
        rows.write(columns: 20, conv: false, relu: true, pool: true) { out in
            withPointers(to: [m, bias]) {
                Kernels(set).transformOutput(
                    $0[0], mElementStride: Self.stride, tiles: Self.tiles, bias: $0[1], out: out)
            }
        }
        #expect(!rows.relu[0][0].isFinite)
    }

    // max(t + d, 0) − max(t, 0) without adding what would be taken off again: d is a millionth of t.
    @Test(arguments: KernelInputs.sets, Array(17...20))
    func `a difference goes beside its target through ReLU and pool`(
        set: InstructionSet, columns: Int
    ) {
        let kernels = Kernels(set)
        let target = KernelInputs.floats(36 * Self.stride, 1)
        let difference = KernelInputs.floats(36 * Self.stride, 2).map { $0 * 1e-6 }
        let bias = KernelInputs.floats(Kernels.block, 3)
        var kept = target
        var rows = Rows()
        rows.write(columns: columns, conv: true, relu: true, pool: true) { out in
            kept.withUnsafeMutableBufferPointer { m in
                bias.withUnsafeBufferPointer { bias in
                    guard let m = m.baseAddress, let bias = bias.baseAddress else { return }
                    kernels.transformTarget(
                        m, mElementStride: Self.stride, tiles: Self.tiles, bias: bias, out: out)
                }
            }
        }
        var plain = Rows()
        plain.write(columns: columns, conv: true, relu: true, pool: true) { out in
            withPointers(to: [target, bias]) {
                kernels.transformOutput(
                    $0[0], mElementStride: Self.stride, tiles: Self.tiles, bias: $0[1], out: out)
            }
        }
        #expect(rows == plain)
        var differences = Rows()
        differences.write(columns: columns, conv: true, relu: true, pool: true) { out in
            withPointers(to: [difference, kept]) {
                kernels.transformDifference(
                    $0[0], mElementStride: Self.stride, tiles: Self.tiles, y: $0[1], out: out)
            }
        }
        for c in [0, 33, 63] {
            for tile in 0..<Self.tiles {
                // t as the target has it, rounded: the difference is of that.
                let t = (0..<16).map {
                    Double(kept[$0 * Self.stride + tile * Kernels.block + c])
                }
                let d = pixels(difference, tile, c).flatMap(\.self)
                checkDifference(differences, tile, c, columns, t, d)
            }
        }
    }

    private func checkDifference(
        _ rows: Rows, _ tile: Int, _ c: Int, _ columns: Int, _ t: [Double], _ d: [Double]
    ) {
        let relu = zip(t, d).map { max($0 + $1, 0) - max($0, 0) }
        for i in 0..<16 where 4 * tile + i % 4 < columns {
            let place = (4 * tile + i % 4) * Kernels.block + c
            #expect(abs(Double(rows.conv[i / 4][place]) - d[i]) < 1e-10)
            #expect(abs(Double(rows.relu[i / 4][place]) - relu[i]) < 1e-10)
        }
        for i in 0..<4 where 4 * tile + 2 * (i % 2) + 1 < columns {
            let window = [0, 1, 4, 5].map { 8 * (i / 2) + 2 * (i % 2) + $0 }
            let before = window.map { max(t[$0], 0) }.reduce(0, max)
            let after = window.map { max(t[$0] + d[$0], 0) }.reduce(0, max)
            let value = Double(rows.pool[i / 2][(2 * tile + i % 2) * Kernels.block + c])
            #expect(abs(value - (after - before)) < 1e-10)
        }
    }

    @Test(arguments: KernelInputs.sets)
    func `the difference of a ReLU by itself`(set: InstructionSet) {
        let t = KernelInputs.floats(192, 1)
        var d = KernelInputs.floats(192, 2)
        d[100] = .nan
        let before = d
        d.withUnsafeMutableBufferPointer { d in
            t.withUnsafeBufferPointer { t in
                guard let t = t.baseAddress, let d = d.baseAddress else { return }
                Kernels(set).reluDifference(t, d, count: 192)
            }
        }
        for i in 0..<192 where i != 100 {
            #expect(d[i] == max(t[i] + before[i], 0) - max(t[i], 0))
        }
        #expect(d[100].isNaN)
    }
}
