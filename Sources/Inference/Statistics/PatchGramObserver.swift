/// The sums of products of channels of every patch of one image: squares of `side` pixels, side by
/// side from the upper left corner. Pixels beyond the last whole patch belong to none.
package final class PatchGramObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    private let side: Int
    private let across: Int
    /// Row by row.
    package let patches: [GramAccumulator<Element>]

    package init(_ shape: FeatureShape, side: Int, kernels: Kernels, arena: Arena) {
        self.side = side
        across = shape.width / side
        segments = [0..<shape.width]
        let count = GramLayout.count(channels: shape.channels, isCentred: false)
        patches = (0..<across * (shape.height / side)).map { _ in
            GramAccumulator(
                channels: shape.channels, isCentred: false, kernels: kernels,
                memory: arena.doubles(count))
        }
    }

    /// The floats that it takes of its arena.
    package static func arenaCount(_ shape: FeatureShape, side: Int) -> Int {
        let count = GramLayout.count(channels: shape.channels, isCentred: false)
        return (shape.height / side) * (shape.width / side) * Arena.rounded(2 * count)
    }

    package func items(of group: RowGroup) -> Int { patches.first?.strips ?? 0 }

    package func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        // A unit at a time: how many rows a group has depends on the stack, and may not decide a bit.
        for rows in group.units {
            var y = rows.lowerBound
            while y < rows.upperBound, y / side * across < patches.count {
                let end = min(rows.upperBound, (y / side + 1) * side)
                for column in 0..<across {
                    patches[y / side * across + column].add(
                        sight.subject, y..<end, columns: column * side..<(column + 1) * side,
                        strip: item, isFirst: y % side == 0, workspace: workspace)
                }
                y = end
            }
        }
    }
}
