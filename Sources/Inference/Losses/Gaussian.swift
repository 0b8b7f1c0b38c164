/// A normal distribution of features: mean m and covariance S, and the 2-Wasserstein distance of two
/// (Olkin & Pukelsheim, "The distance between two random vectors with given dispersion matrices",
/// 1982), as style-transfer-pytorch takes it (style_transfer.py:129-195, sqrtm.py:9-25).
package struct Gaussian: Sendable {
    private let mean: [Double]
    private let covariance: SymmetricMatrix

    /// The distribution of the features summed up: biased covariance plus ε·1.
    package init(_ summary: Summary, eps: Double) {
        mean = summary.means
        let positions = Double(summary.shape.positions)
        let order = summary.shape.channels
        var covariance = SymmetricMatrix(order: order)
        for row in 0..<order {
            let start = GramMatrix.upperStart(ofRow: row, order: order) - row
            for column in row..<order {
                let value = summary.sums[start + column] / positions
                covariance[row, column] = row == column ? value + eps : value
            }
        }
        self.covariance = covariance
    }

    /// Means and covariances of several, each with a factor.
    package init(blending gaussians: [(gaussian: Gaussian, weight: Double)]) {
        var sum = [Double](repeating: 0, count: gaussians[0].gaussian.mean.count)
        var covariance = SymmetricMatrix(order: sum.count)
        for (gaussian, weight) in gaussians {
            for (channel, value) in gaussian.mean.enumerated() { sum[channel] += weight * value }
            covariance.add(gaussian.covariance, times: weight)
        }
        mean = sum
        self.covariance = covariance
    }

    /// `mean (m − m')² + mean diag(S + S' − 2 √(√S' S √S'))`, primes for `other`.
    /// - Parameter check: called again and again; what it throws ends the work.
    package func distance(
        to other: Gaussian, steps: Int, kernels: Kernels,
        check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> Double {
        let count = Double(mean.count)
        let means = zip(mean, other.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / count
        let root = try other.covariance.squareRoot(steps: steps, kernels, check)
        let inner = try root.times(covariance.times(root, kernels, check), kernels, check)
        let cross = try inner.squareRoot(steps: steps, kernels, check)
        let trace = covariance.trace + other.covariance.trace - 2 * cross.trace
        return means + trace / count
    }

    /// The derivatives of `distance` by the mean and by the covariance: `2 (m − m')/C` and
    /// `(1 − 2 √S' X √S')/C`, X being that of the trace of the inner root.
    func slopes(
        to other: Gaussian, steps: Int, kernels: Kernels, check: () throws(InferenceError) -> Void
    ) throws(InferenceError) -> (mean: [Double], covariance: SymmetricMatrix) {
        let count = Double(mean.count)
        let root = try other.covariance.squareRoot(steps: steps, kernels, check)
        let inner = try root.times(covariance.times(root, kernels, check), kernels, check)
        let cross = try inner.squareRootTraceSlope(steps: steps, kernels, check)
        var slope = try root.times(cross.times(root, kernels, check), kernels, check)
            .scaled(by: -2 / count)
        for channel in mean.indices { slope[channel, channel] += 1 / count }
        return (zip(mean, other.mean).map { 2 * ($0 - $1) / count }, slope)
    }
}
