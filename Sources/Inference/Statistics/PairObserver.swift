/// A sum over all pairs of features of two images: what a rule makes of their difference.
package final class PairObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    private let rule: PairRule
    private let blocks: Int
    private let kernels: Kernels
    // The factors of channels, whole blocks of them; none where all are 1.
    private let factors: [Double]
    // Of each position; nil where all are 1.
    private let weights: PositionWeights?
    private let isPlain: Bool
    // [row of the group][segment], written by each item in a place of its own
    private var partial = UnsafeMutableBufferPointer<Double>.allocate(capacity: 0)
    private var sum = 0.0

    /// - Parameter weights: those that the rule asks for.
    package init(
        _ rule: PairRule, channels: Int, segments: [Range<Int>],
        weights: PositionWeights? = nil, kernels: Kernels
    ) {
        precondition((weights == nil) == (rule.weighting == nil), "weights that nobody asked for")
        isPlain = rule == PairRule(.absolute)
        self.rule = rule
        self.weights = weights
        self.kernels = kernels
        self.segments = segments
        blocks = Kernels.blocks(of: channels)
        let learned = rule.learned?.factors ?? []
        precondition(learned.isEmpty || learned.count == channels, "factors of other channels")
        let missing = learned.isEmpty ? 0 : blocks * Kernels.block - channels
        factors = learned + Array(repeating: 0, count: missing)
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
        let columns = group.columns(of: segments[segment])
        let y = group.rows.lowerBound + item
        partial[item * segments.count + segment] = withRows(sight, y, columns, workspace) { rows in
            (0..<blocks).reduce(0.0) { $0 + blockSum(rows($1), y, columns) }
        }
    }

    /// Writes for each pixel of some columns of a row, which are 0, what the rule makes of its channels.
    func writePixels(
        _ sight: Sight<Element>, _ y: Int, _ columns: Range<Int>, _ workspace: Workspace,
        to pixels: UnsafeMutablePointer<Double>
    ) {
        withRows(sight, y, columns, workspace) { rows in
            for number in 0..<blocks {
                let block = rows(number)
                Element.addPairPixels(
                    kernels, rule.pointwise, block.a, block.b, block.factors,
                    weights: block.weights, width: columns.count, to: pixels)
            }
        }
        guard let row = weights?.row(y) else { return }
        for x in 0..<columns.count { pixels[x] *= Double(row[columns.lowerBound + x]) }
    }

    package func finish(_ group: RowGroup) {
        for value in partial { sum += value }
    }

    /// The sum, once all rows have been observed.
    package func total(of shape: FeatureShape) -> Double {
        // Channels that fill the last block are 0 in both images, and so are their factors.
        let filled = blocks * Kernels.block - shape.channels
        guard filled > 0, factors.isEmpty else { return sum }
        let positions = weights?.total ?? Double(shape.positions)
        return sum - rule.pointwise(0) * (Double(filled) * positions)
    }

    // One channel block of some columns of a row of both images.
    private struct Block {
        let a: UnsafePointer<Element>
        let b: UnsafePointer<Element>
        // Of each pixel, where features are brought to unit length.
        let factors: (a: UnsafePointer<Double>, b: UnsafePointer<Double>)?
        // Of each channel, where there are learned ones.
        let weights: UnsafePointer<Double>?
    }

    private func withRows<Result>(
        _ sight: Sight<Element>, _ y: Int, _ columns: Range<Int>, _ workspace: Workspace,
        _ body: ((Int) -> Block) -> Result
    ) -> Result {
        guard let target = sight.target else { preconditionFailure("a pair of one image") }
        let start = columns.lowerBound * Kernels.block
        let factors = unitFactors(sight.subject, target, y, columns, workspace)
        return self.factors.withUnsafeBufferPointer { learned in
            let weights = learned.isEmpty ? nil : learned.baseAddress
            return body { block in
                Block(
                    a: sight.subject.pixels(y, block: block) + start,
                    b: target.pixels(y, block: block) + start, factors: factors,
                    weights: weights.map { $0 + block * Kernels.block })
            }
        }
    }

    // The sum of a block, position by position where they have weights.
    private func blockSum(_ block: Block, _ y: Int, _ columns: Range<Int>) -> Double {
        guard let row = weights.map({ $0.row(y) + columns.lowerBound }) else {
            return isPlain
                ? Element.absoluteDifference(
                    kernels, block.a, block.b, count: columns.count * Kernels.block)
                : Element.pairSum(
                    kernels, rule.pointwise, block.a, block.b, block.factors,
                    weights: block.weights, width: columns.count)
        }
        var total = 0.0
        for x in 0..<columns.count where row[x] != 0 {
            let place = x * Kernels.block
            total +=
                Double(row[x])
                * Element.pairSum(
                    kernels, rule.pointwise, block.a + place, block.b + place,
                    block.factors.map { ($0.a + x, $0.b + x) }, weights: block.weights, width: 1)
        }
        return total
    }

    // What brings the vector of channels of each pixel to unit length.
    private func unitFactors(
        _ subject: FeatureRows<Element>, _ target: FeatureRows<Element>, _ y: Int,
        _ columns: Range<Int>, _ workspace: Workspace
    ) -> (a: UnsafePointer<Double>, b: UnsafePointer<Double>)? {
        guard let unit = rule.unit else { return nil }
        let start = columns.lowerBound * Kernels.block
        let a = workspace.doubles(2 * columns.count)
        let b = a + columns.count
        a.update(repeating: 0, count: 2 * columns.count)
        for block in 0..<blocks {
            Element.addPixelSquares(
                kernels, subject.pixels(y, block: block) + start, width: columns.count, to: a)
            Element.addPixelSquares(
                kernels, target.pixels(y, block: block) + start, width: columns.count, to: b)
        }
        for x in 0..<2 * columns.count { a[x] = unit.factor(squares: a[x]) }
        return (UnsafePointer(a), UnsafePointer(b))
    }
}
