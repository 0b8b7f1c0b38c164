import Inference
import TestSupport
import Testing

/// conv1_1 and its way back against direct loops, at every width around a register block.
struct FirstLayerKernelTests {
    private static let block = Kernels.block

    @Test(arguments: KernelInputs.sets, Array(1...14))
    func `conv1_1 is a 3 × 3 cross-correlation of three channels`(set: InstructionSet, width: Int) {
        let rows = (0..<3).map { KernelInputs.floats(3 * (width + 2), $0) }
        let kernel = KernelInputs.floats(27 * Self.block, 7)
        let bias = KernelInputs.floats(Self.block, 8)
        for (hasConv, hasRelu) in [(true, true), (true, false), (false, true)] {
            var conv = Self.sentinels(width), relu = Self.sentinels(width)
            withPointers(to: rows) { rows in
                withPointers(to: [kernel, bias]) { parameters in
                    conv.withUnsafeMutableBufferPointer { conv in
                        relu.withUnsafeMutableBufferPointer { relu in
                            Kernels(set).firstLayer(
                                rows, kernel: parameters[0], bias: parameters[1], width: width,
                                conv: hasConv ? conv.baseAddress : nil,
                                relu: hasRelu ? relu.baseAddress : nil)
                        }
                    }
                }
            }
            var expected: [Double] = []
            for x in 0..<width {
                for c in 0..<Self.block {
                    var sum = Double(bias[c])
                    for k in 0..<27 {
                        let pixel = rows[k / 9][3 * x + k % 9]
                        sum += Double(pixel) * Double(kernel[k * Self.block + c])
                    }
                    expected.append(sum)
                }
            }
            let written = width * Self.block
            expect(conv, written, hasConv ? expected : nil)
            expect(relu, written, hasRelu ? expected.map { max(0, $0) } : nil)
        }
    }

    @Test(arguments: KernelInputs.sets, Array(1...14))
    func `its way back is the correlation with the turned kernel`(set: InstructionSet, width: Int) {
        let rows = (0..<3).map { KernelInputs.floats((width + 2) * Self.block, $0) }
        let turned = KernelInputs.floats(27 * Self.block, 7)
        var out = [Float](repeating: KernelInputs.untouched, count: 3 * width + 3)
        withPointers(to: rows) { rows in
            turned.withUnsafeBufferPointer { turned in
                out.withUnsafeMutableBufferPointer { out in
                    guard let turned = turned.baseAddress, let out = out.baseAddress else { return }
                    Kernels(set).firstLayerGradient(rows, kernel: turned, width: width, out: out)
                }
            }
        }
        var expected: [Double] = []
        for x in 0..<width {
            for channel in 0..<3 {
                var sum = 0.0
                for place in 0..<9 {
                    for c in 0..<Self.block {
                        let d = rows[place / 3][(x + place % 3) * Self.block + c]
                        sum += Double(d) * Double(turned[(3 * place + channel) * Self.block + c])
                    }
                }
                expected.append(sum)
            }
        }
        #expect(Closeness(out[..<(3 * width)].map(Double.init), to: expected).relative < 2e-6)
        #expect(out[(3 * width)...].allSatisfy { $0 == KernelInputs.untouched })
    }

    private static func sentinels(_ width: Int) -> [Float] {
        Array(repeating: KernelInputs.untouched, count: (width + 1) * block)
    }

    private func expect(_ values: [Float], _ written: Int, _ expected: [Double]?) {
        if let expected {
            #expect(Closeness(values[..<written].map(Double.init), to: expected).relative < 2e-6)
        } else {
            #expect(values[..<written].allSatisfy { $0 == KernelInputs.untouched })
        }
        #expect(values[written...].allSatisfy { $0 == KernelInputs.untouched })
    }
}
