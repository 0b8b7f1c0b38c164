import Inference
import TestSupport
import Testing

/// The transforms of kernels and of input tiles, and the product between them, against matrices that
/// are written out.
struct WinogradKernelTests {
    @Test func `the matrices convolve`() {
        for seed in 0..<8 {
            let d = SmallMatrix(KernelInputs.doubles(36, seed), columns: 6)
            let g = SmallMatrix(KernelInputs.doubles(9, 100 + seed), columns: 3)
            let u = WinogradMatrices.kernel * g * WinogradMatrices.kernel.transposed
            let v = WinogradMatrices.input * d * WinogradMatrices.input.transposed
            let y =
                WinogradMatrices.output * u.elementwise(v) * WinogradMatrices.output.transposed
            var direct: [Double] = []
            for row in 0..<4 {
                for column in 0..<4 {
                    var sum = 0.0
                    for k in 0..<9 {
                        sum += d.rows[row + k / 3][column + k % 3] * g.rows[k / 3][k % 3]
                    }
                    direct.append(sum)
                }
            }
            #expect(Closeness(y.values, to: direct).relative < 1e-13)
        }
    }

    @Test(arguments: KernelInputs.sets, [1, 3, 64])
    func `U is G g Gᵀ, rounded once`(set: InstructionSet, ic: Int) {
        let kernels = Kernels(set)
        let (nr, stride) = (kernels.nr, ic * kernels.nr + 5)
        let g = KernelInputs.floats(nr * ic * 9, ic)
        var u = [Float](repeating: KernelInputs.untouched, count: Kernels.elements * stride)
        u.withUnsafeMutableBufferPointer { u in
            g.withUnsafeBufferPointer { g in
                guard let u = u.baseAddress, let g = g.baseAddress else { return }
                kernels.transformKernel(g, ic: ic, u: u, uStride: stride)
            }
        }
        for o in 0..<nr {
            for i in 0..<ic {
                let first = (o * ic + i) * 9
                let kernel = SmallMatrix(g[first..<first + 9].map(Double.init), columns: 3)
                let expected =
                    (WinogradMatrices.kernel * kernel * WinogradMatrices.kernel.transposed).values
                let values = (0..<36).map { Double(u[$0 * stride + i * nr + o]) }
                // Half a unit in the last place of each value.
                #expect(
                    zip(values, expected).allSatisfy {
                        abs($0 - $1) <= max(abs($1) * 6.1e-8, 1e-12)
                    })
            }
        }
        for element in 0..<Kernels.elements {
            #expect(
                u[element * stride + ic * nr..<(element + 1) * stride].allSatisfy {
                    $0 == KernelInputs.untouched
                })
        }
    }

    @Test(arguments: KernelInputs.sets, [(1, 1), (2, 3), (3, 2), (1, 7)])
    func `V is Bᵀ d B of neighbouring tiles`(set: InstructionSet, size: (blocks: Int, tiles: Int)) {
        let kernels = Kernels(set)
        let (blocks, tiles) = size
        let width = 4 * tiles + 2
        let blockStride = width * Kernels.block + 16
        let rows = (0..<6).map { KernelInputs.floats(blocks * blockStride, $0) }
        let elementStride = blocks * tiles * Kernels.block + 16
        var v = [Float](repeating: 0, count: Kernels.elements * elementStride)
        withPointers(to: rows) { rows in
            v.withUnsafeMutableBufferPointer { v in
                guard let v = v.baseAddress else { return }
                kernels.transformInput(
                    rows, rowBlockStride: blockStride, blocks: blocks, tiles: tiles, v: v,
                    vElementStride: elementStride, vBlockStride: tiles * Kernels.block)
            }
        }
        for block in 0..<blocks {
            for tile in 0..<tiles {
                for c in [0, 1, 17, 63] {
                    let d = SmallMatrix(
                        rows.map { row in
                            (0..<6).map { x in
                                let place = block * blockStride + (4 * tile + x) * Kernels.block
                                return Double(row[place + c])
                            }
                        })
                    let expected =
                        (WinogradMatrices.input * d * WinogradMatrices.input.transposed).values
                    let place = (block * tiles + tile) * Kernels.block + c
                    let values = (0..<36).map { Double(v[$0 * elementStride + place]) }
                    #expect(Closeness(values, to: expected).relative < 1e-6)
                }
            }
        }
    }

    @Test(arguments: KernelInputs.sets, [1, 2, 5, 6, 7, 13, 14, 15, 29])
    func `M is V U, block by block of 64 channels`(set: InstructionSet, tiles: Int) {
        let kernels = Kernels(set)
        for blocks in 1...3 {
            let stride = tiles * Kernels.block + 32
            let a = KernelInputs.floats(blocks * stride, tiles)
            // What follows is fetched, not used.
            let b = KernelInputs.floats((blocks + 1) * Kernels.block * kernels.nr, 50)
            let c = product(kernels, a, stride, b, tiles: tiles, blocks: blocks)
            for tile in 0..<tiles {
                let expected = (0..<kernels.nr).map { column in
                    (0..<blocks * Kernels.block).reduce(0.0) { sum, k in
                        let (block, channel) = k.quotientAndRemainder(dividingBy: Kernels.block)
                        let x = a[block * stride + tile * Kernels.block + channel]
                        return sum + Double(x) * Double(b[k * kernels.nr + column])
                    }
                }
                let values = (0..<kernels.nr).map { Double(c[tile * Kernels.block + $0]) }
                #expect(Closeness(values, to: expected).relative < 2e-6)
                // Beyond the panel nothing is written.
                #expect(
                    kernels.nr == Kernels.block
                        || c[tile * Kernels.block + kernels.nr] == KernelInputs.untouched)
            }
        }
    }

    @Test(arguments: KernelInputs.sets)
    func `a tile has the same bits whichever others are multiplied with it`(set: InstructionSet) {
        let kernels = Kernels(set)
        let (tiles, blocks) = (23, 2)
        let stride = tiles * Kernels.block
        let a = KernelInputs.floats(blocks * stride, 1)
        let b = KernelInputs.floats((blocks + 1) * Kernels.block * kernels.nr, 2)
        let all = product(kernels, a, stride, b, tiles: tiles, blocks: blocks)
        for first in [0, 4, 11, 22] {
            for count in [1, 2, 6, 9] where first + count <= tiles {
                let some = product(
                    kernels, Array(a[(first * Kernels.block)...]), stride, b, tiles: count,
                    blocks: blocks)
                for tile in 0..<count {
                    let from = (first + tile) * Kernels.block
                    #expect(
                        some[tile * Kernels.block..<tile * Kernels.block + kernels.nr]
                            == all[from..<from + kernels.nr])
                }
            }
        }
    }

    private func product(
        _ kernels: Kernels, _ a: [Float], _ stride: Int, _ b: [Float], tiles: Int, blocks: Int
    ) -> [Float] {
        var c = [Float](repeating: KernelInputs.untouched, count: tiles * Kernels.block)
        c.withUnsafeMutableBufferPointer { c in
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress
                    else { return }
                    kernels.gemm(
                        tiles: tiles, blocks: blocks, a: a, aBlockStride: stride, b: b, c: c)
                }
            }
        }
        return c
    }
}

/// Calls `body` with pointers to the beginnings of rows.
func withPointers<Element, Result>(
    to rows: [[Element]], _ body: (UnsafePointer<UnsafePointer<Element>>) -> Result
) -> Result {
    // One block of memory for all rows, so that no pointer outlives its array's.
    let starts = rows.indices.map { index in rows[..<index].reduce(0) { $0 + $1.count } }
    return rows.flatMap(\.self).withUnsafeBufferPointer { all in
        let pointers = starts.map { start -> UnsafePointer<Element> in
            guard let base = all.baseAddress else { preconditionFailure("rows without elements") }
            return base + start
        }
        return pointers.withUnsafeBufferPointer { pointers in
            guard let base = pointers.baseAddress else { preconditionFailure("no rows") }
            return body(base)
        }
    }
}
