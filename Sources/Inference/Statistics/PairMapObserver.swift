/// Where two images differ: what a rule makes of the differences of the channels of each pixel.
final class PairMapObserver<Element: FeatureElement>: RowObserver {
    let segments: [Range<Int>]
    private let sums: PairObserver<Element>
    private let width: Int
    // [y][x], written by each item in rows of its own.
    private let values: UnsafeMutableBufferPointer<Double>

    init(_ rule: PairRule, _ shape: FeatureShape, segments: [Range<Int>], kernels: Kernels) {
        self.segments = segments
        sums = PairObserver(
            rule, channels: shape.channels, segments: segments, kernels: kernels)
        width = shape.width
        values = .allocate(capacity: shape.positions)
        values.initialize(repeating: 0)
    }

    deinit { values.deallocate() }

    func items(of group: RowGroup) -> Int { group.rows.count }

    func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        let columns = group.columns(of: segments[segment])
        let y = group.rows.lowerBound + item
        guard let row = values.baseAddress.map({ $0 + y * width + columns.lowerBound }) else {
            return
        }
        sums.addPixels(sight, y, columns, workspace, to: row)
    }

    /// The sum over the channels of each pixel, once all rows have been observed.
    var map: [Double] { Array(values) }
}
