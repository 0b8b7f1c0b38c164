import COpenBLAS

/// OpenBLAS, for what is given in double precision; single precision has kernels of its own.
public enum BLAS {
    /// The kernels OpenBLAS runs, such as `SkylakeX`; nil where the library is missing.
    ///
    /// OpenBLAS 0.3.21 takes a processor it does not know for a Haswell, at half the speed of AVX-512
    /// where that is twice as wide. So it is told, by what the processor can do, unless
    /// OPENBLAS_CORETYPE is set. Each call stays on its caller's thread: concurrent multi-threaded
    /// calls would wait for each other.
    public static let core: String? = {
        let known: String? =
            switch InstructionSet.best {
            case .avx512: "SkylakeX"
            case .avx2: "Haswell"
            case .portable: nil
            }
        guard styleloss_openblas_open(known) == 0 else { return nil }
        return String(cString: styleloss_openblas_core())
    }()

    /// Opens the library. To be called while the process has one thread: OpenBLAS takes its settings
    /// from the environment, which glibc does not let one thread set while another reads it.
    public static func open() { _ = core }

    static let missing = "libopenblas.so.0 is missing: install libopenblas0"

    /// C = A Aᵀ for n rows of k values, row-major; A is (k, n) in memory when `isTransposed`.
    ///
    /// The upper triangle of the n × n values, row by row, row i from its diagonal on.
    static func dsyrk(
        _ a: UnsafePointer<Double>, n: Int, k: Int, isTransposed: Bool
    ) throws(InferenceError) -> [Double] {
        guard core != nil else { throw .libraryMissing(missing) }
        guard let rows = Int32(exactly: n), let columns = Int32(exactly: k) else {
            throw .invalidTensor("a matrix of \(n)x\(k) values is too large")
        }
        var c = [Double](repeating: 0, count: n * n)
        styleloss_openblas_dsyrk(isTransposed ? 1 : 0, rows, columns, a, &c)
        var upper: [Double] = []
        upper.reserveCapacity(GramMatrix.upperCount(order: n))
        for row in 0..<n { upper += c[row * n + row..<(row + 1) * n] }
        return upper
    }
}
