import Glibc

/// How samples between samples are found.
public enum ResampleFilter: String, Sendable, CaseIterable {
    /// The mean of what a pixel covers.
    case area
    /// A straight line between neighbours.
    case bilinear
    /// Keys' cubic of four neighbours (Keys, "Cubic convolution interpolation for digital image
    /// processing", 1981).
    case bicubic
    /// The windowed sinc of six neighbours (Duchon, "Lanczos filtering in one and two dimensions", 1979).
    case lanczos
}

/// One row or column of an image resampled to another length: each value out is a weighted sum of
/// neighbouring values in.
///
/// With antialiasing the filter widens as the row shrinks: Pillow's `Image.resize`, and PyTorch's
/// `interpolate` with `antialias=True`. Without it the weights are those of PyTorch's `interpolate`
/// (`align_corners=False`; `area` is its adaptive mean), which knows no Lanczos: that is Pillow's filter
/// of fixed width.
struct ResampleAxis: Sendable {
    /// The weights of one value: of those from `first` on.
    struct Weights: Sendable {
        let first: Int
        let values: [Double]
    }

    /// The values in.
    let count: Int
    /// By value out.
    let outputs: [Weights]

    init(from count: Int, to outputCount: Int, _ filter: ResampleFilter, antialiases: Bool) {
        precondition(count > 0 && outputCount > 0)
        self.count = count
        let scale = Double(count) / Double(outputCount)
        outputs = (0..<outputCount).map { index in
            switch filter {
            case .bilinear where !antialiases: Self.linear(index, scale, count)
            case .bicubic where !antialiases: Self.cubic(index, scale, count)
            case .area where !antialiases: Self.mean(index, outputCount, count)
            default: Self.filtered(index, scale, count, filter, widens: antialiases)
            }
        }
    }

    /// Resamples rows of `lanes` values side by side: `values` has count · lanes of them.
    func apply(_ values: [Double], lanes: Int) -> [Double] {
        precondition(values.count == count * lanes)
        var result = [Double](repeating: 0, count: outputs.count * lanes)
        for (index, weights) in outputs.enumerated() {
            for (offset, weight) in weights.values.enumerated() {
                let start = (weights.first + offset) * lanes
                for lane in 0..<lanes {
                    result[index * lanes + lane] += weight * values[start + lane]
                }
            }
        }
        return result
    }

    /// The transposed map: from gradients by the values out to those by the values in.
    func transpose(_ values: [Double], lanes: Int) -> [Double] {
        precondition(values.count == outputs.count * lanes)
        var result = [Double](repeating: 0, count: count * lanes)
        for (index, weights) in outputs.enumerated() {
            for (offset, weight) in weights.values.enumerated() {
                let start = (weights.first + offset) * lanes
                for lane in 0..<lanes {
                    result[start + lane] += weight * values[index * lanes + lane]
                }
            }
        }
        return result
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
            Int(first) - 1, [1 + t, t, 1 - t, 2 - t].map { keys($0, a: -0.75) }, count)
    }

    private static func mean(_ index: Int, _ outputCount: Int, _ count: Int) -> Weights {
        let first = index * count / outputCount
        let end = ((index + 1) * count + outputCount - 1) / outputCount
        return Weights(
            first: first,
            values: Array(repeating: 1 / Double(end - first), count: end - first))
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
        return Weights(first: first, values: sum == 0 ? values : values.map { $0 / sum })
    }

    // What lies outside has the value of the edge.
    private static func clamped(_ first: Int, _ values: [Double], _ count: Int) -> Weights {
        let places = values.indices.map { min(max(first + $0, 0), count - 1) }
        let start = places[0]
        var sums = [Double](repeating: 0, count: places[places.count - 1] - start + 1)
        for (place, value) in zip(places, values) { sums[place - start] += value }
        return Weights(first: start, values: sums)
    }

    fileprivate static func keys(_ x: Double, a: Double) -> Double {
        switch abs(x) {
        case ..<1: ((a + 2) * abs(x) - (a + 3)) * x * x + 1
        case ..<2: (((abs(x) - 5) * abs(x) + 8) * abs(x) - 4) * a
        default: 0
        }
    }
}

extension ResampleFilter {
    fileprivate var support: Double {
        switch self {
        case .area: 0.5
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    fileprivate func weight(_ x: Double) -> Double {
        switch self {
        case .area: x > -0.5 && x <= 0.5 ? 1 : 0
        case .bilinear: max(0, 1 - abs(x))
        case .bicubic: ResampleAxis.keys(x, a: -0.5)
        case .lanczos: abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0
        }
    }

    private func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(.pi * x) / (.pi * x) }
}
