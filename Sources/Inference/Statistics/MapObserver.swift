/// The features themselves, kept in single precision.
package final class MapObserver<Element: FeatureElement>: RowObserver {
    package let segments: [Range<Int>]
    package let map: FeatureMap

    package init(_ shape: FeatureShape, segments: [Range<Int>]) {
        self.segments = segments
        map = FeatureMap(channels: shape.channels, height: shape.height, width: shape.width)
    }

    package func items(of group: RowGroup) -> Int { group.rows.count }

    package func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        let columns = group.columns(of: segments[segment])
        let start = columns.lowerBound * Kernels.block
        let y = group.rows.lowerBound + item
        for block in 0..<sight.subject.blocks {
            let from = sight.subject.pixels(y, block: block) + start
            let to = map.pixels(y, block: block) + start
            for i in 0..<columns.count * Kernels.block { to[i] = Float(from[i]) }
        }
    }
}
