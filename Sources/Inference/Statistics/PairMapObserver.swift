/// Where two images differ: what a rule makes of the differences of the channels of each pixel.
final class PairMapObserver<Element: FeatureElement>: RowObserver {
    let segments: [Range<Int>]
    private let sums: PairObserver<Element>
    private let width: Int
    // [y][x], written by each item in rows of its own.
    private let values: FloatBuffer
    private let positions: Int

    /// - Throws: `outOfMemory`.
    init(
        _ rule: PairRule, _ shape: FeatureShape, segments: [Range<Int>],
        weights: PositionWeights? = nil, kernels: Kernels
    ) throws(InferenceError) {
        positions = shape.positions
        values = try FloatBuffer(count: 2 * positions)
        self.segments = segments
        sums = PairObserver(
            rule, channels: shape.channels, segments: segments, weights: weights, kernels: kernels)
        width = shape.width
        values.doubles.update(repeating: 0, count: positions)
    }

    func items(of group: RowGroup) -> Int { group.rows.count }

    func observe(
        _ sight: Sight<Element>, _ group: RowGroup, segment: Int, item: Int, workspace: Workspace
    ) {
        let columns = group.columns(of: segments[segment])
        let y = group.rows.lowerBound + item
        sums.writePixels(
            sight, y, columns, workspace, to: values.doubles + y * width + columns.lowerBound)
    }

    /// The sum over the channels of each pixel, once all rows have been observed.
    var map: [Double] { Array(UnsafeBufferPointer(start: values.doubles, count: positions)) }
}
