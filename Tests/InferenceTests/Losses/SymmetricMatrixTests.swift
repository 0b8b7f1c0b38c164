import Inference
import TestSupport
import Testing

/// Products and square roots of symmetric matrices, and the distance of normal distributions that is
/// made of them.
struct SymmetricMatrixTests {
    private func matrix(_ rows: [[Double]]) -> SymmetricMatrix {
        var matrix = SymmetricMatrix(order: rows.count)
        for (i, row) in rows.enumerated() {
            for (j, value) in row.enumerated() { matrix[i, j] = value }
        }
        return matrix
    }

    private func rows(_ matrix: SymmetricMatrix) -> [[Double]] {
        (0..<matrix.order).map { i in (0..<matrix.order).map { matrix[i, $0] } }
    }

    // N Nᵀ + 1 of noise: positive definite.
    private func definite(_ order: Int, seed: Int) -> [[Double]] {
        let noise = SmallMatrix(KernelInputs.doubles(order * order, seed), columns: order)
        return (noise * noise.transposed).rows.enumerated().map { i, row in
            row.enumerated().map { j, value in value + (i == j ? Double(order) : 0) }
        }
    }

    @Test func `what is set has its mirror image`() {
        var matrix = SymmetricMatrix(order: 70)
        matrix[3, 66] = 2.5
        #expect(matrix[66, 3] == 2.5 && matrix[3, 3] == 0)
        matrix[69, 69] = 4
        #expect(matrix.trace == 4)
        var other = SymmetricMatrix(order: 70)
        other.add(matrix, times: 2)
        #expect(other[66, 3] == 5 && other.trace == 8)
    }

    @Test(arguments: KernelInputs.sets, [1, 2, 5, 64, 65, 130])
    func `products by the kernel`(set: InstructionSet, order: Int) throws {
        let (a, b) = (definite(order, seed: 1), definite(order, seed: 2))
        let product = try matrix(a).times(matrix(b), Kernels(set))
        let expected = (SmallMatrix(a) * SmallMatrix(b)).values
        // Not symmetric: element by element as it was computed.
        #expect(Closeness(rows(product).flatMap(\.self), to: expected).relative < 1e-13)
    }

    @Test(arguments: KernelInputs.sets, [1, 3, 64, 70])
    func `a square root times itself`(set: InstructionSet, order: Int) throws {
        let square = definite(order, seed: 3)
        let root = try matrix(square).squareRoot(steps: 16, Kernels(set))
        let product = try root.times(root, Kernels(set))
        #expect(
            Closeness(rows(product).flatMap(\.self), to: square.flatMap(\.self)).relative < 1e-10)
    }

    @Test func `twelve steps of Newton and Schulz, one by one`() throws {
        // Of numbers the iteration is y ← y t, z ← t z, t = (3 − z y)/2 from y = a/|a|, z = 1.
        for value in [0.01, 1, 7.5] {
            let matrix = self.matrix([[value, 0], [0, 4 * value]])
            let norm = (value * value + 16 * value * value).squareRoot()
            for steps in [0, 1, 2, 12] {
                let root = try matrix.squareRoot(steps: steps, Kernels(.portable))
                for (i, element) in [value, 4 * value].enumerated() {
                    var (y, z) = (element / norm, 1.0)
                    for _ in 0..<steps {
                        let t = (3 - z * y) / 2
                        (y, z) = (y * t, t * z)
                    }
                    #expect(abs(root[i, i] - y * norm.squareRoot()) < 1e-14 * max(1, element))
                }
                #expect(root[0, 1] == 0)
            }
        }
    }

    @Test func `nothing is its own root`() throws {
        let root = try SymmetricMatrix(order: 3).squareRoot(steps: 12, Kernels(.portable))
        #expect(rows(root).flatMap(\.self).allSatisfy { $0 == 0 })
    }

    // Of diagonal covariances W2² = |m − m'|² + Σ (σ − σ')², each divided by C.
    @Test(arguments: KernelInputs.sets)
    func `the distance of normal distributions of independent channels`(set: InstructionSet) throws
    {
        let (means, others) = ([1.0, -2, 0.5], [0.25, -2, 1.5])
        let (deviations, otherDeviations) = ([1.0, 2, 0.5], [1.5, 1, 0.5])
        func gaussian(_ means: [Double], _ deviations: [Double]) -> Gaussian {
            let shape = FeatureShape(channels: 3, height: 1, width: 10)
            var sums: [Double] = []
            for i in 0..<3 {
                for j in i..<3 { sums.append(i == j ? 10 * deviations[i] * deviations[i] : 0) }
            }
            return Gaussian(
                Summary(kind: .centredProducts, shape: shape, means: means, sums: sums), eps: 0)
        }
        let (a, b) = (gaussian(means, deviations), gaussian(others, otherDeviations))
        let expected = (0..<3).reduce(0.0) { sum, i in
            let (m, s) = (means[i] - others[i], deviations[i] - otherDeviations[i])
            return sum + m * m + s * s
        }
        let distance = try a.distance(to: b, steps: 40, kernels: Kernels(set))
        #expect(abs(distance - expected / 3) < 1e-12)
        #expect(abs(try a.distance(to: a, steps: 40, kernels: Kernels(set))) < 1e-12)
        // A blend of both halfway, of means and of covariances.
        let blend = Gaussian(blending: [(a, 0.5), (b, 0.5)])
        let half = (0..<3).reduce(0.0) { sum, i in
            let m = (means[i] - others[i]) / 2
            let variance =
                (deviations[i] * deviations[i] + otherDeviations[i] * otherDeviations[i]) / 2
            let s = deviations[i] - variance.squareRoot()
            return sum + m * m + s * s
        }
        #expect(
            try abs(a.distance(to: blend, steps: 40, kernels: Kernels(set)) - half / 3) < 1e-12)
    }
}
