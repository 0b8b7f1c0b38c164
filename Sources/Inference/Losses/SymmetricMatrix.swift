/// A symmetric matrix in double precision, as the statistics' kernels read rows of features:
/// [block][row][64], what lies beyond the order being zero.
package struct SymmetricMatrix {
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
    package func times(_ other: SymmetricMatrix, _ kernels: Kernels) -> SymmetricMatrix {
        var product = SymmetricMatrix(order: order)
        values.withUnsafeBufferPointer { a in
            other.values.withUnsafeBufferPointer { b in
                product.values.withUnsafeMutableBufferPointer { c in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else {
                        return
                    }
                    multiply(a, b, into: c, kernels)
                }
            }
        }
        return product
    }

    private func multiply(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
        into c: UnsafeMutablePointer<Double>, _ kernels: Kernels
    ) {
        let (block, tile) = (Kernels.block, Double.gramBlock(kernels))
        for i in stride(from: 0, to: rows, by: tile.rows) {
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
    }

    /// The square root by the coupled Newton–Schulz iteration (Higham, "Functions of Matrices", 2008,
    /// eq. 6.35) of the matrix divided by its Frobenius norm, for a positive definite matrix:
    /// `Y ← Y T, Z ← T Z, T = (3·1 − Z Y)/2` from `Y = A/‖A‖, Z = 1`; the root is `Y √‖A‖`.
    package func squareRoot(steps: Int, _ kernels: Kernels) -> SymmetricMatrix {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm > 0 else { return self }
        var y = scaled(by: 1 / norm)
        var z = SymmetricMatrix(order: order)
        for i in 0..<order { z[i, i] = 1 }
        for _ in 0..<steps {
            var t = z.times(y, kernels).scaled(by: -0.5)
            for i in 0..<order { t.values[place(i, i)] += 1.5 }
            y = y.times(t, kernels)
            z = t.times(z, kernels)
        }
        return y.scaled(by: norm.squareRoot())
    }

    /// The derivative of the trace of `squareRoot` by the matrix A, as the iteration computes it and
    /// not as the root that it approaches has it: what is differentiated is the value that is answered.
    ///
    /// Whatever the iteration makes is a polynomial in `X = A/‖A‖`, so matrices commute, the derivative
    /// of tr f(X) is f′(X), and that goes along with the steps as f does. The norm adds a multiple of X.
    func squareRootTraceSlope(steps: Int, _ kernels: Kernels) -> SymmetricMatrix {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm > 0 else { return self }
        let x = scaled(by: 1 / norm)
        var one = SymmetricMatrix(order: order)
        for i in 0..<order { one[i, i] = 1 }
        var (y, z) = (x, one)
        var (slopeY, slopeZ) = (one, SymmetricMatrix(order: order))
        for _ in 0..<steps {
            var t = z.times(y, kernels).scaled(by: -0.5)
            t.add(one, times: 1.5)
            var slopeT = slopeZ.times(y, kernels)
            slopeT.add(z.times(slopeY, kernels), times: 1)
            slopeT = slopeT.scaled(by: -0.5)
            slopeY = slopeY.times(t, kernels)
            slopeY.add(y.times(slopeT, kernels), times: 1)
            slopeZ = t.times(slopeZ, kernels)
            slopeZ.add(slopeT.times(z, kernels), times: 1)
            y = y.times(t, kernels)
            z = t.times(z, kernels)
        }
        var slope = slopeY
        slope.add(x, times: y.trace / 2 - slopeY.times(x, kernels).trace)
        return slope.scaled(by: 1 / norm.squareRoot())
    }

    func scaled(by factor: Double) -> SymmetricMatrix {
        var scaled = self
        for i in scaled.values.indices { scaled.values[i] *= factor }
        return scaled
    }
}
