/// How unlike two images are in structure and texture, by the moments of their channels (DISTS, eq. 6 to
/// 8): `Σ α (1 − S₁) + β (1 − S₂)` with
///
///     S₁ = (2 m m′ + c₁)/(m² + m′² + c₁)      S₂ = (2 cov + c₂)/(v + v′ + c₂)
///
/// for means m, variances v and the covariance; written as a sum of differences from 1, it is 0 for
/// equal images and not what rounding leaves of 1 − 1.
struct Structural {
    let c1: Double
    let c2: Double
    /// α, then β, of every channel; all of them ½ when nil.
    let factors: [Double]?

    private func alpha(_ c: Int) -> Double { factors?[c] ?? 0.5 }
    private func beta(_ c: Int, of count: Int) -> Double { factors?[count + c] ?? 0.5 }

    /// The sum over channels.
    func sum(_ moments: JointMoments) -> Double {
        let count = moments.means.count
        return (0..<count).reduce(0) { sum, c in
            let (m, t) = (moments.means[c], moments.targetMeans[c])
            let spread = moments.variances[c] + moments.targetVariances[c]
            // 1 − S₁ and 1 − S₂ over their denominators.
            let luminance = (m - t) * (m - t) / (m * m + t * t + c1)
            let structure = (spread - 2 * moments.covariances[c]) / (spread + c2)
            return sum + alpha(c) * luminance + beta(c, of: count) * structure
        }
    }

    /// The gradient of `factor` times the sum by a value x of channel c, as
    /// `own · (x − m) + others · (t − m′) + shift` with t the target's value at the same place.
    struct Slope {
        var own: [Double] = []
        var others: [Double] = []
        var shift: [Double] = []
        /// m and m′
        let means: [Double]
        let targetMeans: [Double]
    }

    /// dm/dx = 1/N, dv/dx = 2 (x − m)/N, dcov/dx = (t − m′)/N.
    func slope(_ moments: JointMoments, factor: Double) -> Slope {
        let count = moments.means.count
        var slope = Slope(means: moments.means, targetMeans: moments.targetMeans)
        for c in 0..<count {
            let (m, t) = (moments.means[c], moments.targetMeans[c])
            let spread = moments.variances[c] + moments.targetVariances[c] + c2
            let similarity = (2 * moments.covariances[c] + c2) / spread
            let size = m * m + t * t + c1
            // d(1 − S₁)/dm = 2 (m S₁ − m′)/(m² + m′² + c₁)
            let mean = 2 * (m * (2 * m * t + c1) / size - t) / size
            let scale = factor / moments.positions
            let structure = 2 * scale * beta(c, of: count) / spread
            slope.own.append(structure * similarity)
            slope.others.append(-structure)
            slope.shift.append(scale * alpha(c) * mean)
        }
        return slope
    }
}
