import Inference
import TestSupport
import Testing

/// Kernels of the way back against their definitions.
struct BackwardKernelTests {
    private static let columns = 5
    private static let count = columns * Kernels.block

    // With ties, infinities and NaN among them.
    private static func pair() -> (f: [Float], t: [Float]) {
        var f = KernelInputs.floats(count, 1)
        var t = KernelInputs.floats(count, 2)
        for i in stride(from: 0, to: count, by: 3) { t[i] = f[i] }
        (f[1], f[70], t[70], f[130], t[130]) = (.nan, .infinity, .infinity, 0, -0.0)
        (f[201], t[201]) = (.leastNonzeroMagnitude, 0)
        return (f, t)
    }

    @Test(arguments: KernelInputs.sets)
    func `signs of differences add what their definition says`(set: InstructionSet) {
        let kernels = Kernels(set)
        let (f, t) = Self.pair()
        var above = [UInt8](repeating: 0xAA, count: 8 * Self.columns)
        var below = above
        kernels.differenceSigns(f, t, columns: Self.columns, above: &above, below: &below)
        let start = KernelInputs.floats(Self.count, 3)
        var out = start
        kernels.addSigns(
            above: above, below: below, columns: Self.columns, times: -0.375, to: &out)
        for i in 0..<Self.count {
            let sign: Float = f[i] > t[i] ? 1 : f[i] < t[i] ? -1 : 0
            #expect(out[i] == start[i] - 0.375 * sign, "\(f[i]) and \(t[i])")
        }
    }

    @Test(arguments: KernelInputs.sets)
    func `what is affine is so in features less their centre`(set: InstructionSet) {
        let constants = (4...6).map { KernelInputs.floats(Kernels.block, $0) }
        let row = KernelInputs.floats(Self.count, 7)
        let start = KernelInputs.floats(Self.count, 8)
        var out = start
        Kernels(set).addAffine(
            row, less: constants[0], times: constants[1], plus: constants[2],
            width: Self.columns, to: &out)
        for i in 0..<Self.count {
            let c = i % Kernels.block
            let expected =
                start[i] + ((row[i] - constants[0][c]) * constants[1][c] + constants[2][c])
            // Multiples of 2^-12 below 32: exact.
            #expect(out[i] == expected)
        }
    }

    // The pixels of 5 tiles before and after the ReLU, and which are alive; `pass` as the kernel takes it.
    private struct Pixels {
        static let tiles = 5
        static let width = 4 * tiles
        var conv: [Float] = [], relu: [Float] = []
        var alive: [UInt8] = []

        init(_ set: InstructionSet, columns: Int, rows: Int, pass: [UInt8]? = nil) {
            let stride = Self.tiles * Kernels.block + 16
            let m = KernelInputs.floats(Kernels.elements * stride, 9)
            let bias = KernelInputs.floats(Kernels.block, 10)
            let count = Self.width * Kernels.block
            var sinks = [Float](repeating: KernelInputs.untouched, count: 8 * count)
            var bits = [UInt8](repeating: 0xA5, count: 4 * 8 * Self.width)
            var given = pass ?? []
            sinks.withUnsafeMutableBufferPointer { sinks in
                bits.withUnsafeMutableBufferPointer { bits in
                    given.withUnsafeMutableBufferPointer { given in
                        func row<Value>(
                            _ buffer: UnsafeMutableBufferPointer<Value>, _ r: Int, _ size: Int,
                            _ isThere: Bool
                        ) -> UnsafeMutablePointer<Value>? {
                            isThere && r % 4 < rows ? buffer.baseAddress.map { $0 + r * size } : nil
                        }
                        func four<Value>(_ value: (Int) -> Value) -> (Value, Value, Value, Value) {
                            (value(0), value(1), value(2), value(3))
                        }
                        var out = Kernels.OutputRows()
                        out.columns = columns
                        out.conv = four { row(sinks, $0, count, true) }
                        out.relu = four { row(sinks, 4 + $0, count, pass == nil) }
                        out.alive = four { row(bits, $0, 8 * Self.width, pass == nil) }
                        out.pass = four {
                            UnsafePointer(row(given, $0, 8 * Self.width, pass != nil))
                        }
                        Kernels(set).transformOutput(
                            m, mElementStride: stride, tiles: Self.tiles, bias: bias, out: out)
                    }
                }
            }
            conv = Array(sinks[..<(4 * count)])
            relu = Array(sinks[(4 * count)...])
            alive = bits
        }
    }

    @Test(arguments: KernelInputs.sets, [(17, 4), (20, 4), (18, 3)])
    func `bits are kept and obeyed where the image is`(
        set: InstructionSet, size: (columns: Int, rows: Int)
    ) {
        let (columns, rows) = size
        let kept = Pixels(set, columns: columns, rows: rows)
        let pass = TestNetworks.noise(count: kept.alive.count, seed: 11)
        let passed = Pixels(set, columns: columns, rows: rows, pass: pass)
        let all = Pixels(
            set, columns: columns, rows: rows,
            pass: [UInt8](repeating: 0xFF, count: pass.count))
        for i in kept.conv.indices {
            let (pixel, c) = i.quotientAndRemainder(dividingBy: Kernels.block)
            let (row, x) = pixel.quotientAndRemainder(dividingBy: Pixels.width)
            let bit = { (bits: [UInt8]) in bits[8 * pixel + c / 8] >> (c % 8) & 1 == 1 }
            guard row < rows, x < columns else {
                #expect(passed.conv[i] == KernelInputs.untouched)
                #expect(kept.alive[8 * pixel + c / 8] == 0xA5)
                continue
            }
            #expect(bit(kept.alive) == (kept.conv[i] > 0))
            #expect(passed.conv[i] == (bit(pass) ? all.conv[i] : 0))
        }
    }
}
