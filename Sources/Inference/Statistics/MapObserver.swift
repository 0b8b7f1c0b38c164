/// The features themselves, kept in single precision.
package final class MapObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    package let map: FeatureMap

    package init(_ map: FeatureMap, segments: [Range<Int>]) {
        self.segments = segments
        self.map = map
    }

    package func items(of group: RowGroup) -> Int { group.rows.count }

    package func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        let columns = group.columns(of: segments[segment])
        let start = columns.lowerBound * Kernels.block
        let y = group.rows.lowerBound + item
        for block in 0..<sight.subject.blocks {
            Element.copy(
                sight.subject.pixels(y, block: block) + start,
                count: columns.count * Kernels.block, into: map.pixels(y, block: block) + start)
        }
    }
}
