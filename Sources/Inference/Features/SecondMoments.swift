/// Sums of products of the rows of given features, in double precision: the seam behind which the
/// product is computed.
enum SecondMoments {
    /// C × C sums over the positions of one sample, row-major and symmetric: `Σ_n F_in F_jn`, or
    /// `Σ_n (F_in − m_i)(F_jn − m_j)` when centred, m being the rows' means (a first pass).
    static func products(of tensor: FeatureTensor, sample: Int, isCentred: Bool) -> [Double] {
        switch tensor.elements {
        case .float32(let values): products(values, tensor, sample, isCentred)
        case .float64(let values): products(values, tensor, sample, isCentred)
        }
    }

    // block is (C, positions of the block), centred: C + N/blockPositions passes over memory.
    private static let blockPositions = 256

    private static func products<Value: BinaryFloatingPoint & Sendable>(
        _ values: [Value], _ tensor: FeatureTensor, _ sample: Int, _ isCentred: Bool
    ) -> [Double] {
        let order = tensor.channels
        let base = tensor.range(of: sample).lowerBound
        let means = isCentred ? means(values, tensor, base) : [Double](repeating: 0, count: order)
        var block = [Double](repeating: 0, count: order * blockPositions)
        var sums = [Double](repeating: 0, count: order * order)
        for first in stride(from: 0, to: tensor.positions, by: blockPositions) {
            let count = min(blockPositions, tensor.positions - first)
            for channel in 0..<order {
                var place = base + channel * tensor.channelStride + first * tensor.positionStride
                for n in 0..<count {
                    block[channel * blockPositions + n] = Double(values[place]) - means[channel]
                    place += tensor.positionStride
                }
            }
            accumulate(block, count: count, order: order, into: &sums)
        }
        for i in 0..<order {
            for j in 0..<i {
                sums[i * order + j] = sums[j * order + i]
            }
        }
        return sums
    }

    // The upper triangle. Four lanes, because the compiler keeps the order of one running sum.
    private static func accumulate(
        _ block: [Double], count: Int, order: Int, into sums: inout [Double]
    ) {
        block.withUnsafeBufferPointer { block in
            for i in 0..<order {
                for j in i..<order {
                    let (a, b) = (i * blockPositions, j * blockPositions)
                    var lanes = SIMD4<Double>.zero
                    var n = 0
                    while n + 4 <= count {
                        let left = SIMD4(
                            block[a + n], block[a + n + 1], block[a + n + 2], block[a + n + 3])
                        let right = SIMD4(
                            block[b + n], block[b + n + 1], block[b + n + 2], block[b + n + 3])
                        lanes += left * right
                        n += 4
                    }
                    var total = lanes.sum()
                    while n < count {
                        total += block[a + n] * block[b + n]
                        n += 1
                    }
                    sums[i * order + j] += total
                }
            }
        }
    }

    // Relative to the first value, so that the mean of a constant row is exact.
    private static func means<Value: BinaryFloatingPoint>(
        _ values: [Value], _ tensor: FeatureTensor, _ base: Int
    ) -> [Double] {
        (0..<tensor.channels).map { channel in
            let start = base + channel * tensor.channelStride
            let origin = Double(values[start])
            var total = 0.0
            for n in 0..<tensor.positions {
                total += Double(values[start + n * tensor.positionStride]) - origin
            }
            return origin + total / Double(tensor.positions)
        }
    }
}
