import Inference
import TestSupport
import Testing

/// One row of every pool against its definition: at each kind of border and of rounding.
struct PoolKernelTests {
    private static let poolings: [NetworkVariant.Pooling] = [
        .max, .average(scale: 1), .average(scale: 2), .l2(scale: 0.78), .l2Hann,
    ]

    // Rows of the input around the window: all, none above (the first row), none below (an odd last).
    private static let presences = [
        [true, true, true], [false, true, true], [true, true, false],
    ]

    @Test(arguments: KernelInputs.sets, Array(1...9))
    func `windows take what is inside the image`(set: InstructionSet, columns: Int) {
        for pooling in Self.poolings {
            for rounding in [NetworkVariant.Rounding.floor, .ceil] {
                for isThere in Self.presences {
                    let variant = NetworkVariant(.vgg16, pooling: pooling, rounding: rounding)
                    check(Kernels(set), variant, columns, isThere)
                }
            }
        }
    }

    private func check(
        _ kernels: Kernels, _ variant: NetworkVariant, _ columns: Int, _ isThere: [Bool]
    ) {
        let isHann = variant.pooling == .l2Hann
        let roundsUp = variant.rounding != .floor || isHann
        let pooledColumns = roundsUp ? (columns + 1) / 2 : columns / 2
        guard pooledColumns > 0, roundsUp || isThere[2] else { return }
        let rows = (0..<3).map { KernelInputs.floats(columns * Kernels.block, $0) }
        var out = [Float](
            repeating: KernelInputs.untouched, count: (pooledColumns + 1) * Kernels.block)
        withPointers(to: rows) { rows in
            let present = (0..<3).map { isThere[$0] ? Optional(rows[$0]) : nil }
            present.withUnsafeBufferPointer { present in
                out.withUnsafeMutableBufferPointer { out in
                    guard let present = present.baseAddress, let out = out.baseAddress else {
                        return
                    }
                    kernels.pool(
                        variant.pooling, present, columns: columns, pooledColumns: pooledColumns,
                        out: out)
                }
            }
        }
        // The rows as rows 1, 2 and 3 of an image whose others are outside, the windows' row being 1.
        var expected: [Double] = []
        for x in 0..<pooledColumns {
            for c in 0..<Kernels.block {
                expected.append(value(rows, isThere, x, c, variant.pooling, columns))
            }
        }
        let values = out[..<(pooledColumns * Kernels.block)].map(Double.init)
        #expect(
            Closeness(values, to: expected).relative < 1e-6,
            "\(variant.pooling) \(variant.rounding) \(isThere)")
        #expect(
            out[(pooledColumns * Kernels.block)...].allSatisfy { $0 == KernelInputs.untouched })
    }

    private func value(
        _ rows: [[Float]], _ isThere: [Bool], _ x: Int, _ c: Int,
        _ pooling: NetworkVariant.Pooling, _ columns: Int
    ) -> Double {
        var window: [(value: Double, weight: Double)] = []
        let isHann = pooling == .l2Hann
        for r in (isHann ? 0 : 1)...2 where isThere[r] {
            for i in (isHann ? 2 * x - 1 : 2 * x)...(2 * x + 1) where (0..<columns).contains(i) {
                let weights = [1.0, 2, 1].map { $0 / 4 }
                window.append(
                    (
                        Double(rows[r][i * Kernels.block + c]),
                        isHann ? weights[r] * weights[i - 2 * x + 1] : 1
                    ))
            }
        }
        let squares = window.reduce(0) { $0 + $1.weight * $1.value * $1.value }
        switch pooling {
        case .max: return window.map(\.value).max() ?? .nan
        case .average(let scale):
            return Double(scale) * window.reduce(0) { $0 + $1.value } / Double(window.count)
        case .l2(let scale): return Double(scale) * squares.squareRoot()
        case .l2Hann: return (squares + 1e-12).squareRoot()
        }
    }
}
