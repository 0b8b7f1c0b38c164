/// The sums of products of channels of one image, over all its pixels: a Gram matrix to be; or how much
/// they change where an image differs from a target.
package final class GramObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    private let accumulators: [GramAccumulator<Element>]
    private let weights: PositionWeights?

    /// An observer with memory from an arena. Centred features are not cut into segments: each run is
    /// joined to the means of those before it.
    package init(
        channels: Int, segments: [Range<Int>], isCentred: Bool, isChange: Bool = false,
        weights: PositionWeights? = nil, kernels: Kernels, arena: Arena
    ) {
        precondition(segments.count == 1 || !isCentred)
        precondition(weights == nil || !isCentred && !isChange)
        self.segments = segments
        self.weights = weights
        let count = GramLayout.count(
            channels: channels, isCentred: isCentred, isChange: isChange)
        accumulators = segments.map { _ in
            GramAccumulator(
                channels: channels, isCentred: isCentred, isChange: isChange, kernels: kernels,
                memory: arena.doubles(count))
        }
    }

    /// The floats that it takes of its arena.
    package static func arenaCount(
        channels: Int, segments: Int, isCentred: Bool, isChange: Bool = false
    ) -> Int {
        let count = GramLayout.count(
            channels: channels, isCentred: isCentred, isChange: isChange)
        return segments * Arena.rounded(2 * count)
    }

    package func items(of group: RowGroup) -> Int { accumulators[0].strips }

    package func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        let columns = group.columns(of: segments[segment])
        guard !columns.isEmpty else { return }
        for rows in group.units {
            accumulators[segment].add(
                sight.subject, from: sight.target, weights: weights, rows, columns: columns,
                strip: item, isFirst: rows.lowerBound == 0, workspace: workspace)
        }
    }

    /// The sums of all segments, once all rows have been observed.
    package func total() -> GramAccumulator<Element> {
        for other in accumulators.dropFirst() { accumulators[0].add(other) }
        return accumulators[0]
    }
}
