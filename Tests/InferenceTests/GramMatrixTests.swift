import Inference
import TestSupport
import Testing

struct GramMatrixTests {
    // Two rows of four positions: 1 2 3 4 and 2 0 2 0.
    private let features = ReferenceFeatures(
        channels: 2, height: 2, width: 2, values: [1, 2, 3, 4, 2, 0, 2, 0])

    // The means are 2.5 and 1: centred products 5, −2 and 4 over 4 positions.
    private static let expected: [(GramKind, [Double])] = [
        (.raw, [30, 8, 8, 8]),
        (.normalized, [30.0 / 8, 1, 1, 1]),
        (.covariance, [1.25, -0.5, -0.5, 1]),
        (.correlation, [1, -0.5 / 1.25.squareRoot(), -0.5 / 1.25.squareRoot(), 1]),
    ]

    private func matrix(
        _ kind: GramKind, _ products: [Double], channels: Int, positions: Int
    ) -> GramMatrix {
        let gram = Gram(kind)
        let shape = FeatureShape(channels: channels, height: 1, width: positions)
        return GramMatrix(gram, Summary(kind: gram.summaryKind, shape: shape, sums: products))
    }

    @Test(arguments: expected)
    func `each kind has its formula`(kind: GramKind, expected: [Double]) {
        let products: [Double] = kind.isCentred ? [5, -2, 4] : [30, 8, 8]
        let gram = matrix(kind, products, channels: 2, positions: 4)
        #expect(zip(gram.values, expected).allSatisfy { abs($0 - $1) < 1e-15 })
        let reference = ReferenceLosses.gram(features, kind)
        #expect(zip(gram.values, reference).allSatisfy { abs($0 - $1) < 1e-15 })
    }

    @Test func `a constant row correlates with nothing, not even itself`() {
        let gram = matrix(.correlation, [4, 0, 2, 0, 0, 9], channels: 3, positions: 5)
        #expect(gram.values == [1, 0, 2 / 6.0, 0, 0, 0, 2 / 6.0, 0, 1])
    }

    @Test func `tiny deviations do not overflow`() {
        let least = Double.leastNonzeroMagnitude
        let gram = matrix(.correlation, [least, 0, least], channels: 2, positions: 1)
        #expect(gram.values == [1, 0, 0, 1])
    }

    @Test func `sums of differences are over all elements`() {
        let a = matrix(.raw, [1, 2, 4], channels: 2, positions: 1)
        let b = matrix(.raw, [0, 4, 1], channels: 2, positions: 9)
        #expect(a.sum(.absolute, to: b) == 8 && b.sum(.absolute, to: a) == 8)
        #expect(a.sum(.squared, to: b) == 18)
        #expect(a.sum(.smoothL1(beta: 2), to: b) == 0.25 + 2 * 1 + 2)
        #expect(a.sum(.charbonnier(eps: 0), to: b) == 8)
        #expect(a.sum(.absolute, to: a) == 0)
    }
}
