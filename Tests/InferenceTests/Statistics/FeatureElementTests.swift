import Inference
import TestSupport
import Testing

/// The kernels of statistics in both precisions against direct loops, at odd sizes.
struct FeatureElementTests {
    private static let block = Kernels.block

    private func values<Element: FeatureElement>(_ count: Int, _ seed: Int, as: Element.Type)
        -> [Element]
    {
        KernelInputs.doubles(count, seed).map { Element($0) }
    }

    private func tolerance<Element: FeatureElement>(_: Element.Type) -> Double {
        Element.self == Float.self ? 1e-6 : 1e-14
    }

    @Test(arguments: KernelInputs.sets)
    func `products of register blocks`(set: InstructionSet) {
        products(Kernels(set), Float.self)
        products(Kernels(set), Double.self)
    }

    private func products<Element: FeatureElement>(_ kernels: Kernels, _: Element.Type) {
        let tile = Element.gramBlock(kernels)
        #expect(Self.block % tile.rows == 0 && Self.block % tile.columns == 0)
        for (rows, width) in [(1, 1), (1, 7), (3, 5), (2, 64)] {
            let a = (0..<rows).map { values(width * Self.block, $0, as: Element.self) }
            let b = (0..<rows).map { values(width * Self.block, 10 + $0, as: Element.self) }
            for vectors in [1, 2] {
                let (i0, j0) = (Self.block - tile.rows, Self.block - tile.columns)
                let columns = tile.columns * vectors / 2
                var g = [Double](repeating: 1, count: tile.rows * Self.block)
                withPointers(to: a) { a in
                    withPointers(to: b) { b in
                        g.withUnsafeMutableBufferPointer { g in
                            guard let g = g.baseAddress else { return }
                            Element.gram(
                                kernels, a, i0, b, j0, vectors: vectors, rows: rows, width: width,
                                g: g, ldg: Self.block)
                        }
                    }
                }
                for i in 0..<tile.rows {
                    let expected = (0..<columns).map { j in
                        var sum = 1.0
                        for row in 0..<rows {
                            for x in 0..<width {
                                sum +=
                                    Double(a[row][x * Self.block + i0 + i])
                                    * Double(b[row][x * Self.block + j0 + j])
                            }
                        }
                        return sum
                    }
                    let line = g[i * Self.block..<(i + 1) * Self.block]
                    #expect(
                        Closeness(Array(line.prefix(columns)), to: expected).relative
                            < tolerance(Element.self))
                    #expect(line.dropFirst(columns).allSatisfy { $0 == 1 })
                }
            }
        }
    }

    @Test(arguments: KernelInputs.sets, [1, 3, 15, 16, 17, 64, 127, 130, 1000])
    func `sums of absolute differences of any count`(set: InstructionSet, count: Int) {
        func check<Element: FeatureElement>(_: Element.Type) {
            let a = values(count, 1, as: Element.self), b = values(count, 2, as: Element.self)
            let sum = withPointers(to: [a, b]) {
                Element.absoluteDifference(Kernels(set), $0[0], $0[1], count: count)
            }
            let expected = zip(a, b).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
            // Multiples of 1/64: every partial sum is exact.
            #expect(sum == expected)
        }
        check(Float.self)
        check(Double.self)
    }

    private static let rules: [Pointwise] = [
        .absolute, .squared, .smoothL1(beta: 0.7), .charbonnier(eps: 0.01),
    ]

    @Test(arguments: KernelInputs.sets, [1, 2, 5, 33])
    func `sums over pairs by every rule, with and without factors`(
        set: InstructionSet, width: Int
    ) {
        func check<Element: FeatureElement>(_: Element.Type) {
            let a = values(width * Self.block, 1, as: Element.self)
            let b = values(width * Self.block, 2, as: Element.self)
            let factors = [KernelInputs.doubles(width, 3), KernelInputs.doubles(width, 4)]
            for rule in Self.rules {
                for isScaled in [false, true] {
                    let sum = withPointers(to: [a, b]) { rows in
                        withPointers(to: factors) {
                            Element.pairSum(
                                Kernels(set), rule, rows[0], rows[1],
                                isScaled ? ($0[0], $0[1]) : nil, weights: nil, width: width)
                        }
                    }
                    let expected = a.indices.reduce(0.0) { sum, i in
                        let x = i / Self.block
                        let (ra, rb) = isScaled ? (factors[0][x], factors[1][x]) : (1, 1)
                        return sum + value(of: rule, Double(a[i]) * ra - Double(b[i]) * rb)
                    }
                    #expect(abs(sum / expected - 1) < 1e-13, "\(rule) \(Element.self)")
                }
            }
        }
        check(Float.self)
        check(Double.self)
    }

    // Written out once more: the rules themselves have a test of their own.
    private func value(of rule: Pointwise, _ d: Double) -> Double {
        switch rule {
        case .absolute: abs(d)
        case .squared: d * d
        case .smoothL1(let beta): abs(d) < beta ? d * d / (2 * beta) : abs(d) - beta / 2
        case .charbonnier(let eps): (d * d + eps).squareRoot()
        }
    }

    @Test(arguments: KernelInputs.sets, [1, 4, 9])
    func `sums of pixels and of channels`(set: InstructionSet, width: Int) {
        func check<Element: FeatureElement>(_: Element.Type) {
            let kernels = Kernels(set)
            let row = values(width * Self.block, 1, as: Element.self)
            let origin = KernelInputs.doubles(Self.block, 2)
            var pixels = [Double](repeating: 3, count: width)
            var sums = [Double](repeating: 5, count: Self.block), squares = sums
            withPointers(to: [row]) { rows in
                withPointers(to: [origin]) { origins in
                    pixels.withUnsafeMutableBufferPointer {
                        guard let base = $0.baseAddress else { return }
                        Element.addPixelSquares(kernels, rows[0], width: width, to: base)
                    }
                    sums.withUnsafeMutableBufferPointer {
                        guard let base = $0.baseAddress else { return }
                        Element.addChannelSums(
                            kernels, rows[0], from: origins[0], width: width, to: base)
                    }
                    squares.withUnsafeMutableBufferPointer {
                        guard let base = $0.baseAddress else { return }
                        Element.addChannelSquares(
                            kernels, rows[0], from: origins[0], width: width, to: base)
                    }
                }
            }
            // All numbers are multiples of 1/64, all sums exact.
            for x in 0..<width {
                let pixel = row[x * Self.block..<(x + 1) * Self.block].map { Double($0) }
                #expect(pixels[x] == pixel.reduce(3) { $0 + $1 * $1 })
            }
            for c in 0..<Self.block {
                let channel = (0..<width).map { Double(row[$0 * Self.block + c]) - origin[c] }
                #expect(sums[c] == channel.reduce(5, +))
                #expect(squares[c] == channel.reduce(5) { $0 + $1 * $1 })
            }
        }
        check(Float.self)
        check(Double.self)
    }

    @Test(arguments: KernelInputs.sets, [16, 48, 64])
    func `centred rows and midpoints`(set: InstructionSet, channels: Int) {
        func check<Element: FeatureElement>(_: Element.Type) {
            let width = 5
            let row = values(width * Self.block, 1, as: Element.self)
            let other = values(width * Self.block, 2, as: Element.self)
            let shift = values(Self.block, 3, as: Element.self)
            var centred = row.map { _ in Element(0) }, middle = centred
            withPointers(to: [row, other, shift]) { rows in
                centred.withUnsafeMutableBufferPointer {
                    guard let base = $0.baseAddress else { return }
                    Element.centre(Kernels(set), rows[0], by: rows[2], width: width, into: base)
                }
                middle.withUnsafeMutableBufferPointer {
                    guard let base = $0.baseAddress else { return }
                    Element.midpoint(
                        Kernels(set), rows[0], rows[1], channels: channels, width: width,
                        into: base)
                }
            }
            for i in row.indices {
                #expect(centred[i] == row[i] - shift[i % Self.block])
                let isWritten = i % Self.block < channels
                #expect(middle[i] == (isWritten ? row[i] + other[i] / 2 : 0))
            }
        }
        check(Float.self)
        check(Double.self)
    }
}
