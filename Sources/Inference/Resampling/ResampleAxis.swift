/// One row or column of an image resampled to another length: each value out is a weighted sum of
/// neighbouring values in.
///
/// With antialiasing the filter widens as the row shrinks: Pillow's `Image.resize`, and PyTorch's
/// `interpolate` with `antialias=True`. Without it the weights are those of PyTorch's `interpolate`
/// (`align_corners=False`; `area` is its adaptive mean), which knows no Lanczos: that is Pillow's filter
/// of fixed width.
struct ResampleAxis: Sendable {
    /// The values in.
    let count: Int
    // Of each value out, the first value in that it is made of and where its weights begin; then the end.
    private var firsts: [Int] = []
    private var starts = [0]
    private var weights: [Double] = []

    /// The weights of one value out: of the values in from `first` on.
    private typealias Weights = (first: Int, values: [Double])

    /// The values out.
    var outputCount: Int { firsts.count }

    /// - Parameter scale: values in for each value out, where it is not the ratio of both.
    init(
        from count: Int, to outputCount: Int, _ filter: ResampleFilter, antialiases: Bool,
        scale: Double? = nil
    ) {
        precondition(count > 0 && outputCount > 0)
        self.count = count
        let scale = scale ?? Double(count) / Double(outputCount)
        for index in 0..<outputCount {
            let output =
                switch filter {
                case .bilinear where !antialiases: Self.linear(index, scale, count)
                case .bicubic where !antialiases: Self.cubic(index, scale, count)
                case .area where !antialiases: Self.mean(index, outputCount, count)
                default: Self.filtered(index, scale, count, filter, widens: antialiases)
                }
            append(output)
        }
    }

    private init(count: Int) { self.count = count }

    private mutating func append(_ output: Weights) {
        firsts.append(output.first)
        weights += output.values
        starts.append(weights.count)
    }

    /// The transposed map: from gradients by the values out to those by the values in.
    var transposed: ResampleAxis {
        // Values out that are made of one value in are neighbours: where they begin and where they end
        // grows from one to the next.
        var inputs: [Weights] = Array(repeating: (0, []), count: count)
        for output in 0..<outputCount {
            for index in starts[output]..<starts[output + 1] {
                let input = firsts[output] + index - starts[output]
                if inputs[input].values.isEmpty { inputs[input].first = output }
                inputs[input].values.append(weights[index])
            }
        }
        var transposed = ResampleAxis(count: outputCount)
        for input in inputs { transposed.append(input) }
        return transposed
    }

    /// The values in that some values out are made of.
    func inputs(of outputs: Range<Int>) -> Range<Int> {
        let made = outputs.filter { starts[$0] < starts[$0 + 1] }
        guard let first = made.map({ firsts[$0] }).min(),
            let end = made.map({ firsts[$0] + starts[$0 + 1] - starts[$0] }).max()
        else { return 0..<0 }
        return first..<end
    }

    /// Resamples rows of `lanes` values side by side: `values` has count · lanes of them.
    func apply(_ values: [Double], lanes: Int) -> [Double] {
        precondition(values.count == count * lanes)
        var result = [Double](repeating: 0, count: outputCount * lanes)
        result.withUnsafeMutableBufferPointer { result in
            values.withUnsafeBufferPointer { values in
                guard let values = values.baseAddress, let result = result.baseAddress else {
                    return
                }
                apply(0..<outputCount, lanes: lanes, of: values, from: 0, into: result)
            }
        }
        return result
    }

    /// Adds some of the values out to `result`, which has outputs.count · lanes; `values` begin with the
    /// value in `first` and go as far as `inputs(of:)` says.
    func apply(
        _ outputs: Range<Int>, lanes: Int, of values: UnsafePointer<Double>, from first: Int,
        into result: UnsafeMutablePointer<Double>
    ) {
        for output in outputs {
            let out = result + (output - outputs.lowerBound) * lanes
            for index in starts[output]..<starts[output + 1] {
                let row = values + (firsts[output] + index - starts[output] - first) * lanes
                let weight = weights[index]
                for lane in 0..<lanes { out[lane] += weight * row[lane] }
            }
        }
    }

    /// The bytes that an axis takes at most, and its transposed one with it: a filter is six values wide
    /// and widens with the scale.
    static func bytesMax(from count: Int, to outputCount: Int) -> Int {
        let weights = 6 * max(count, outputCount) + 2 * outputCount
        return 2 * 2 * MemoryLayout<Int>.stride * (count + outputCount + weights)
    }

    // ATen/native/UpSample.h, area_pixel_compute_source_index: the first half pixel repeats the edge.
    private static func linear(_ index: Int, _ scale: Double, _ count: Int) -> Weights {
        let place = max(0, (Double(index) + 0.5) * scale - 0.5)
        let first = min(Int(place), count - 1)
        let fraction = place - Double(first)
        return clamped(first, [1 - fraction, fraction], count)
    }

    // Keys' cubic with a = −0.75.
    private static func cubic(_ index: Int, _ scale: Double, _ count: Int) -> Weights {
        let place = (Double(index) + 0.5) * scale - 0.5
        let first = place.rounded(.down)
        let t = place - first
        return clamped(
            Int(first) - 1, [1 + t, t, 1 - t, 2 - t].map { ResampleFilter.keys($0, a: -0.75) },
            count)
    }

    private static func mean(_ index: Int, _ outputCount: Int, _ count: Int) -> Weights {
        let first = index * count / outputCount
        let end = ((index + 1) * count + outputCount - 1) / outputCount
        return (first, Array(repeating: 1 / Double(end - first), count: end - first))
    }

    // Pillow, src/libImaging/Resample.c, precompute_coeffs.
    private static func filtered(
        _ index: Int, _ scale: Double, _ count: Int, _ filter: ResampleFilter, widens: Bool
    ) -> Weights {
        let width = widens ? max(scale, 1) : 1
        let centre = (Double(index) + 0.5) * scale
        let support = filter.support * width
        let first = max(0, Int(centre - support + 0.5))
        let end = max(first + 1, min(count, Int(centre + support + 0.5)))
        let values = (first..<end).map { filter.weight((Double($0) - centre + 0.5) / width) }
        let sum = values.reduce(0, +)
        return (first, sum == 0 ? values : values.map { $0 / sum })
    }

    // What lies outside has the value of the edge.
    private static func clamped(_ first: Int, _ values: [Double], _ count: Int) -> Weights {
        let places = values.indices.map { min(max(first + $0, 0), count - 1) }
        let start = places[0]
        var sums = [Double](repeating: 0, count: places[places.count - 1] - start + 1)
        for (place, value) in zip(places, values) { sums[place - start] += value }
        return (start, sums)
    }
}
