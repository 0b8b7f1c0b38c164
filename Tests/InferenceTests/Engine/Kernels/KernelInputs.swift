import Inference
import TestSupport

/// What tests of kernels share: the instruction sets of the machine, and numbers to compute with.
enum KernelInputs {
    static let sets = InstructionSet.allCases.filter(\.isSupported)

    /// Numbers in −2 ..< 2, exact in single precision, different for every seed.
    static func floats(_ count: Int, _ seed: Int) -> [Float] {
        TestNetworks.noise(count: count, seed: seed).map { Float($0) / 64 - 2 }
    }

    /// The same in double precision.
    static func doubles(_ count: Int, _ seed: Int) -> [Double] {
        floats(count, seed).map(Double.init)
    }

    /// What no kernel writes: it stays where nothing may be written.
    static let untouched: Float = 7.75e33
}

/// A matrix of a few rows, in double precision.
struct SmallMatrix: Equatable {
    let rows: [[Double]]

    init(_ rows: [[Double]]) { self.rows = rows }

    /// From numbers in row-major order.
    init(_ values: [Double], columns: Int) {
        rows = stride(from: 0, to: values.count, by: columns).map {
            Array(values[$0..<$0 + columns])
        }
    }

    var transposed: SmallMatrix {
        SmallMatrix(rows[0].indices.map { column in rows.map { $0[column] } })
    }

    var values: [Double] { rows.flatMap(\.self) }

    static func * (a: SmallMatrix, b: SmallMatrix) -> SmallMatrix {
        let columns = b.transposed.rows
        return SmallMatrix(
            a.rows.map { row in
                columns.map { column in zip(row, column).reduce(0) { $0 + $1.0 * $1.1 } }
            })
    }

    /// Element by element.
    func elementwise(_ other: SmallMatrix) -> SmallMatrix {
        SmallMatrix(zip(rows, other.rows).map { zip($0, $1).map { $0 * $1 } })
    }
}

/// The matrices of F(4×4, 3×3) at 0, ±5/8, ±3/2 and infinity, number by number: what Toom and Cook's
/// construction gives for these points, written down by hand.
enum WinogradMatrices {
    /// Bᵀ, 6 × 6.
    static let input = SmallMatrix([
        [225.0 / 256, 0, -169.0 / 64, 0, 1, 0],
        [0, -45.0 / 32, -9.0 / 4, 5.0 / 8, 1, 0],
        [0, 45.0 / 32, -9.0 / 4, -5.0 / 8, 1, 0],
        [0, -75.0 / 128, -25.0 / 64, 3.0 / 2, 1, 0],
        [0, 75.0 / 128, -25.0 / 64, -3.0 / 2, 1, 0],
        [0, 225.0 / 256, 0, -169.0 / 64, 0, 1],
    ])

    /// G, 6 × 3.
    static let kernel = SmallMatrix([
        [256.0 / 225, 0, 0],
        [-2048.0 / 2975, -256.0 / 595, -32.0 / 119],
        [-2048.0 / 2975, 256.0 / 595, -32.0 / 119],
        [128.0 / 1071, 64.0 / 357, 32.0 / 119],
        [128.0 / 1071, -64.0 / 357, 32.0 / 119],
        [0, 0, 1],
    ])

    /// Aᵀ, 4 × 6.
    static let output = SmallMatrix([
        [1, 1, 1, 1, 1, 0],
        [0, 5.0 / 8, -5.0 / 8, 3.0 / 2, -3.0 / 2, 0],
        [0, 25.0 / 64, 25.0 / 64, 9.0 / 4, 9.0 / 4, 0],
        [0, 125.0 / 512, -125.0 / 512, 27.0 / 8, -27.0 / 8, 1],
    ])
}
