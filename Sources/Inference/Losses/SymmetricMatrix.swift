/// A symmetric matrix in double precision, as the statistics' kernels read rows of features:
/// [block][row][64], what lies beyond the order being zero.
package struct SymmetricMatrix: Sendable {
    package let order: Int
    // The order rounded up to whole blocks.
    private let rows: Int
    private var values: [Double]

    /// Zeros.
    package init(order: Int) {
        self.order = order
        rows = Kernels.blocks(of: order) * Kernels.block
        values = Array(repeating: 0, count: rows * rows)
    }

    private func place(_ row: Int, _ column: Int) -> Int {
        (column / Kernels.block * rows + row) * Kernels.block + column % Kernels.block
    }

    /// An element; setting it sets its mirror image too.
    package subscript(row: Int, column: Int) -> Double {
        get { values[place(row, column)] }
        set {
            values[place(row, column)] = newValue
            values[place(column, row)] = newValue
        }
    }

    /// The sum of the diagonal.
    package var trace: Double { (0..<order).reduce(0) { $0 + self[$1, $1] } }

    /// Adds a multiple of another matrix.
    package mutating func add(_ other: SymmetricMatrix, times factor: Double) {
        for i in values.indices { values[i] += factor * other.values[i] }
    }

    /// The product with a matrix: the kernel computes `AᵀB`, which is `A B` for a symmetric A.
    /// - Parameter check: called before every few rows, for the order is the client's choice; what it
    ///   throws ends the work.
    package func times(
        _ other: SymmetricMatrix, _ kernels: Kernels,
        _ check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> SymmetricMatrix {
        var product = SymmetricMatrix(order: order)
        for i in stride(from: 0, to: rows, by: Double.gramBlock(kernels).rows) {
            try check()
            values.withUnsafeBufferPointer { a in
                other.values.withUnsafeBufferPointer { b in
                    product.values.withUnsafeMutableBufferPointer { c in
                        guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress
                        else { return }
                        multiply(a, b, row: i, into: c, kernels)
                    }
                }
            }
        }
        return product
    }

    private func multiply(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, row i: Int,
        into c: UnsafeMutablePointer<Double>, _ kernels: Kernels
    ) {
        let (block, tile) = (Kernels.block, Double.gramBlock(kernels))
        for j in stride(from: 0, to: rows, by: tile.columns) {
            let columns = j / block * rows * block
            withUnsafePointer(to: a + i / block * rows * block) { a in
                withUnsafePointer(to: b + columns) { b in
                    Double.gram(
                        kernels, a, i % block, b, j % block, vectors: 2, rows: 1, width: order,
                        g: c + columns + i * block + j % block, ldg: block)
                }
            }
        }
    }

    /// The square root by the coupled Newton–Schulz iteration (Higham, "Functions of Matrices", 2008,
    /// eq. 6.35) of the matrix divided by its Frobenius norm, for a positive definite matrix:
    /// `Y ← Y T, Z ← T Z, T = (3·1 − Z Y)/2` from `Y = A/‖A‖, Z = 1`; the root is `Y √‖A‖`.
    /// - Parameter check: as of `times`.
    package func squareRoot(
        steps: Int, _ kernels: Kernels, _ check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> SymmetricMatrix {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm > 0 else { return self }
        var y = scaled(by: 1 / norm)
        var z = SymmetricMatrix(order: order)
        for i in 0..<order { z[i, i] = 1 }
        for _ in 0..<steps {
            var t = try z.times(y, kernels, check).scaled(by: -0.5)
            for i in 0..<order { t.values[place(i, i)] += 1.5 }
            y = try y.times(t, kernels, check)
            z = try t.times(z, kernels, check)
        }
        return y.scaled(by: norm.squareRoot())
    }

    /// The derivative of the trace of `squareRoot` by the matrix A, as the iteration computes it and
    /// not as the root that it approaches has it: what is differentiated is the value that is answered.
    ///
    /// Whatever the iteration makes is a polynomial in `X = A/‖A‖`, so matrices commute, the derivative
    /// of tr f(X) is f′(X), and that goes along with the steps as f does. The norm adds a multiple of X.
    /// - Parameter check: as of `times`.
    func squareRootTraceSlope(
        steps: Int, _ kernels: Kernels, _ check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> SymmetricMatrix {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm > 0 else { return self }
        let x = scaled(by: 1 / norm)
        var one = SymmetricMatrix(order: order)
        for i in 0..<order { one[i, i] = 1 }
        var (y, z) = (x, one)
        var (slopeY, slopeZ) = (one, SymmetricMatrix(order: order))
        for _ in 0..<steps {
            var t = try z.times(y, kernels, check).scaled(by: -0.5)
            t.add(one, times: 1.5)
            var slopeT = try slopeZ.times(y, kernels, check)
            slopeT.add(try z.times(slopeY, kernels, check), times: 1)
            slopeT = slopeT.scaled(by: -0.5)
            slopeY = try slopeY.times(t, kernels, check)
            slopeY.add(try y.times(slopeT, kernels, check), times: 1)
            slopeZ = try t.times(slopeZ, kernels, check)
            slopeZ.add(try slopeT.times(z, kernels, check), times: 1)
            y = try y.times(t, kernels, check)
            z = try t.times(z, kernels, check)
        }
        var slope = slopeY
        slope.add(x, times: try y.trace / 2 - slopeY.times(x, kernels, check).trace)
        return slope.scaled(by: 1 / norm.squareRoot())
    }

    func scaled(by factor: Double) -> SymmetricMatrix {
        var scaled = self
        for i in scaled.values.indices { scaled.values[i] *= factor }
        return scaled
    }
}
