/// Running means of two channel blocks, for Gram matrices of centred features.
///
/// Each run of pixels is centred by its own mean, in two passes over the run, and its products are
/// joined to those before it as Chan, Golub & LeVeque do ("Updating Formulae and a Pairwise
/// Algorithm for Computing Sample Variances", 1979, eq. 2.1), here for pairs of variables:
/// `P = P_1 + P_2 + δ δᵀ n_1 n_2 / (n_1 + n_2)`, δ the difference of the two means.
struct CentredStrip {
    private var count = 0.0
    private var meansA = [Double](repeating: 0, count: Kernels.block)
    private var meansB = [Double](repeating: 0, count: Kernels.block)

    /// Replaces the run's pixels by centred copies and adds the term of the means to its products.
    mutating func centre(
        _ run: inout GramAccumulator.Run, kernels: Kernels, workspace: Workspace
    ) {
        let pixels = run.width * run.a.count
        let scratch = workspace.floats(2 * pixels * Kernels.block)
        let a = Self.centred(run.a, width: run.width, into: scratch, kernels: kernels)
        let b = Self.centred(
            run.b, width: run.width, into: scratch + pixels * Kernels.block, kernels: kernels)
        let n = Double(pixels)
        let weight = count * n / (count + n)
        for i in run.channels {
            let deltaI = a.means[i] - meansA[i]
            for j in 0..<run.columnsEnd {
                // The copies are off their exact mean by what rounding it to FP32 left.
                run.products[i * Kernels.block + j] +=
                    deltaI * (b.means[j] - meansB[j]) * weight - n * a.residues[i] * b.residues[j]
            }
        }
        for c in 0..<Kernels.block {
            meansA[c] += (a.means[c] - meansA[c]) * n / (count + n)
            meansB[c] += (b.means[c] - meansB[c]) * n / (count + n)
        }
        count += n
        run.a = (0..<run.a.count).map { UnsafePointer(scratch) + $0 * run.width * Kernels.block }
        run.b = run.a.map { $0 + pixels * Kernels.block }
    }

    private static func centred(
        _ rows: [UnsafePointer<Float>], width: Int, into copy: UnsafeMutablePointer<Float>,
        kernels: Kernels
    ) -> (means: [Double], residues: [Double]) {
        var sums = [Double](repeating: 0, count: Kernels.block)
        for row in rows { kernels.addChannelSums(row, width: width, to: &sums) }
        let means = sums.map { $0 / Double(width * rows.count) }
        let shifts = means.map { Float($0) }
        var to = copy
        for row in rows {
            for x in 0..<width {
                for c in 0..<Kernels.block {
                    to[x * Kernels.block + c] = row[x * Kernels.block + c] - shifts[c]
                }
            }
            to += width * Kernels.block
        }
        return (means, (0..<Kernels.block).map { means[$0] - Double(shifts[$0]) })
    }
}
