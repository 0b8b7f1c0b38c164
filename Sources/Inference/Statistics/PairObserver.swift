/// A sum over all pairs of features of two images: what a rule makes of their difference.
package final class PairObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    private let rule: PairRule
    private let blocks: Int
    private let kernels: Kernels
    // [row of the group][segment], written by each item in a place of its own
    private var partial = UnsafeMutableBufferPointer<Double>.allocate(capacity: 0)
    private var sum = 0.0

    package init(_ rule: PairRule, channels: Int, segments: [Range<Int>], kernels: Kernels) {
        self.rule = rule
        self.kernels = kernels
        self.segments = segments
        blocks = Kernels.blocks(of: channels)
    }

    deinit { partial.deallocate() }

    package func items(of group: RowGroup) -> Int { group.rows.count }

    package func prepare(_ group: RowGroup) {
        let count = group.rows.count * segments.count
        guard partial.count != count else { return }
        partial.deallocate()
        partial = .allocate(capacity: count)
    }

    package func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        guard let target = sight.target else { preconditionFailure("a pair of one image") }
        let columns = group.columns(of: segments[segment])
        let y = group.rows.lowerBound + item
        let rows = (sight.subject, target)
        partial[item * segments.count + segment] =
            switch rule.unit {
            case nil: plainSum(rows, y, columns)
            case let unit?: unitSum(rows, y, columns, unit, workspace)
            }
    }

    package func finish(_ group: RowGroup) {
        for value in partial { sum += value }
    }

    /// The sum, once all rows have been observed.
    package func total(of shape: FeatureShape) -> Double {
        // Channels that fill the last block are 0 in both images.
        let filled = (blocks * Kernels.block - shape.channels) * shape.positions
        return filled == 0 ? sum : sum - rule.pointwise(0) * Double(filled)
    }

    private typealias Pair = (FeatureRows<Element>, FeatureRows<Element>)

    private func plainSum(_ rows: Pair, _ y: Int, _ columns: Range<Int>) -> Double {
        let start = columns.lowerBound * Kernels.block
        var total = 0.0
        for block in 0..<blocks {
            let (a, b) = (rows.0.pixels(y, block: block), rows.1.pixels(y, block: block))
            total +=
                rule.pointwise == .absolute
                ? Element.absoluteDifference(
                    kernels, a + start, b + start, count: columns.count * Kernels.block)
                : Element.pairSum(
                    kernels, rule.pointwise, a + start, b + start, nil, width: columns.count)
        }
        return total
    }

    // Of features divided by the length of their pixel's vector of channels.
    private func unitSum(
        _ rows: Pair, _ y: Int, _ columns: Range<Int>, _ unit: ChannelUnit, _ workspace: Workspace
    ) -> Double {
        let start = columns.lowerBound * Kernels.block
        let a = workspace.doubles(2 * columns.count)
        let b = a + columns.count
        a.update(repeating: 0, count: 2 * columns.count)
        for block in 0..<blocks {
            Element.addPixelSquares(
                kernels, rows.0.pixels(y, block: block) + start, width: columns.count, to: a)
            Element.addPixelSquares(
                kernels, rows.1.pixels(y, block: block) + start, width: columns.count, to: b)
        }
        for x in 0..<2 * columns.count { a[x] = unit.factor(squares: a[x]) }
        var total = 0.0
        for block in 0..<blocks {
            total += Element.pairSum(
                kernels, rule.pointwise, rows.0.pixels(y, block: block) + start,
                rows.1.pixels(y, block: block) + start, (UnsafePointer(a), UnsafePointer(b)),
                width: columns.count)
        }
        return total
    }
}
