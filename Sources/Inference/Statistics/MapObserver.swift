/// The features themselves, kept in single precision.
final class MapObserver<Element: FeatureElement>: RowObserver {
    let segments: [Range<Int>]
    let map: FeatureMap

    init(_ shape: FeatureShape, segments: [Range<Int>]) {
        self.segments = segments
        map = FeatureMap(channels: shape.channels, height: shape.height, width: shape.width)
    }

    func items(of group: RowGroup) -> Int { group.rows.count }

    func observe(
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
