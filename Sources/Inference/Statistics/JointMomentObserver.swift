/// Means, variances and covariance of each channel of two images, by the two passes over a unit of rows
/// of `MomentObserver`.
package final class JointMomentObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    private let shape: FeatureShape
    private let kernels: Kernels
    // By block: of all rows so far the means of both images, their sums of squares and of products; of
    // the rows at hand both origins and the three sums; and the count of pixels.
    private let memory: UnsafeMutablePointer<Double>

    private static var blockCount: Int { 10 * Kernels.block + 1 }

    package init(_ shape: FeatureShape, columns: Range<Int>, kernels: Kernels, arena: Arena) {
        self.shape = shape
        self.kernels = kernels
        segments = [columns]
        let count = Kernels.blocks(of: shape.channels) * Self.blockCount
        memory = arena.doubles(count)
        memory.update(repeating: 0, count: count)
    }

    /// The floats that it takes of its arena.
    package static func arenaCount(channels: Int) -> Int {
        Arena.rounded(2 * Kernels.blocks(of: channels) * blockCount)
    }

    package func items(of group: RowGroup) -> Int { Kernels.blocks(of: shape.channels) }

    package func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        guard let target = sight.target else { preconditionFailure("a pair of one image") }
        let block = Kernels.block
        let sums = memory + item * Self.blockCount
        let (origins, unit) = (sums + 5 * block, sums + 7 * block)
        let pixels = sums + 10 * block
        let images = [sight.subject, target]
        for rows in group.units {
            let n = Double(rows.count * group.width)
            for (number, image) in images.enumerated() {
                let (origin, sum) = (origins + number * block, unit + number * block)
                let first = image.pixels(rows.lowerBound, block: item)
                for c in 0..<block { (origin[c], sum[c]) = (Double(first[c]), 0) }
                for y in rows {
                    Element.addChannelSums(
                        kernels, image.pixels(y, block: item), from: origin, width: group.width,
                        to: sum)
                }
                for c in 0..<block { origin[c] += sum[c] / n }
            }
            for i in 0..<3 * block { unit[i] = 0 }
            for y in rows {
                let (a, b) = (images[0].pixels(y, block: item), images[1].pixels(y, block: item))
                Element.addChannelSquares(
                    kernels, a, from: origins, width: group.width, to: unit)
                Element.addChannelSquares(
                    kernels, b, from: origins + block, width: group.width, to: unit + block)
                Element.addChannelProducts(
                    kernels, a, from: origins, b, from: origins + block, width: group.width,
                    to: unit + 2 * block)
            }
            // Chan, Golub & LeVeque 1983, eq. 2.1, for each of the three sums.
            let weight = n * pixels[0] / (pixels[0] + n)
            for c in 0..<block {
                let deltas = (origins[c] - sums[c], origins[block + c] - sums[block + c])
                sums[2 * block + c] += unit[c] + deltas.0 * deltas.0 * weight
                sums[3 * block + c] += unit[block + c] + deltas.1 * deltas.1 * weight
                sums[4 * block + c] += unit[2 * block + c] + deltas.0 * deltas.1 * weight
                sums[c] += deltas.0 * n / (pixels[0] + n)
                sums[block + c] += deltas.1 * n / (pixels[0] + n)
            }
            pixels[0] += n
        }
    }

    /// The moments, once all rows have been observed.
    package func moments() -> JointMoments {
        func values(_ number: Int) -> [Double] {
            (0..<shape.channels).map { channel in
                let (block, c) = channel.quotientAndRemainder(dividingBy: Kernels.block)
                return memory[block * Self.blockCount + number * Kernels.block + c]
            }
        }
        let n = Double(shape.positions)
        return JointMoments(
            means: values(0), targetMeans: values(1), variances: values(2).map { $0 / n },
            targetVariances: values(3).map { $0 / n }, covariances: values(4).map { $0 / n },
            positions: n)
    }
}

/// Means, variances and covariance, both divided by N, of each channel of two images.
public struct JointMoments: Sendable {
    package let means: [Double]
    package let targetMeans: [Double]
    package let variances: [Double]
    package let targetVariances: [Double]
    package let covariances: [Double]
    /// N
    package let positions: Double

    package init(
        means: [Double], targetMeans: [Double], variances: [Double], targetVariances: [Double],
        covariances: [Double], positions: Double
    ) {
        self.means = means
        self.targetMeans = targetMeans
        self.variances = variances
        self.targetVariances = targetVariances
        self.covariances = covariances
        self.positions = positions
    }
}
