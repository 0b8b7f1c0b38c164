/// Means and sums of squared deviations of the channels of one image.
///
/// Each unit of rows is taken in two passes and joined to those before it as Chan, Golub & LeVeque do
/// (`CentredStrip`), all in FP64.
package final class MomentObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    private let channels: Int
    private let kernels: Kernels
    // [block][means, squares, of the rows at hand: origin, sums, squares][64] and the count of pixels
    private let memory: UnsafeMutablePointer<Double>

    private static var blockCount: Int { 5 * Kernels.block + 1 }

    package init(channels: Int, columns: Range<Int>, kernels: Kernels, arena: Arena) {
        self.channels = channels
        self.kernels = kernels
        segments = [columns]
        let count = Kernels.blocks(of: channels) * Self.blockCount
        memory = arena.doubles(count)
        memory.update(repeating: 0, count: count)
    }

    /// The floats that it takes of its arena.
    package static func arenaCount(channels: Int) -> Int {
        Arena.rounded(2 * Kernels.blocks(of: channels) * blockCount)
    }

    package func items(of group: RowGroup) -> Int { Kernels.blocks(of: channels) }

    package func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        let block = Kernels.block
        let means = memory + item * Self.blockCount
        let squares = means + block
        let (origin, sums, deviations) = (means + 2 * block, means + 3 * block, means + 4 * block)
        let pixels = means + 5 * block
        for rows in group.units {
            let n = Double(rows.count * group.width)
            let first = sight.subject.pixels(rows.lowerBound, block: item)
            for c in 0..<block { (origin[c], sums[c], deviations[c]) = (Double(first[c]), 0, 0) }
            for y in rows {
                Element.addChannelSums(
                    kernels, sight.subject.pixels(y, block: item), from: origin, width: group.width,
                    to: sums)
            }
            for c in 0..<block { origin[c] += sums[c] / n }
            for y in rows {
                Element.addChannelSquares(
                    kernels, sight.subject.pixels(y, block: item), from: origin, width: group.width,
                    to: deviations)
            }
            let weight = pixels[0] / (pixels[0] + n)
            for c in 0..<block {
                let delta = origin[c] - means[c]
                squares[c] += deviations[c] + delta * delta * n * weight
                means[c] += delta * n / (pixels[0] + n)
            }
            pixels[0] += n
        }
    }

    /// The means, and the sums of squared deviations from them, once all rows have been observed.
    package func moments() -> (means: [Double], squares: [Double]) {
        let places = (0..<channels).map { channel in
            let (block, c) = channel.quotientAndRemainder(dividingBy: Kernels.block)
            return block * Self.blockCount + c
        }
        return (places.map { memory[$0] }, places.map { memory[$0 + Kernels.block] })
    }
}
