import Inference

/// The slow twins of the pools, from their definitions.
public enum ReferencePools {
    /// The pool of a variant.
    public static func pool(
        _ input: ReferenceFeatures, _ variant: NetworkVariant
    ) -> ReferenceFeatures {
        let isHann = variant.pooling == .l2Hann
        let rounds = variant.rounding == .floor && !isHann
        let side = { (n: Int) in rounds ? n / 2 : (n + 1) / 2 }
        var output = ReferenceFeatures(
            channels: input.channels, height: side(input.height), width: side(input.width))
        var i = 0
        for c in 0..<output.channels {
            for y in 0..<output.height {
                for x in 0..<output.width {
                    let window = window(of: input, c, y, x, isHann: isHann)
                    output.values[i] = value(window, variant.pooling)
                    i += 1
                }
            }
        }
        return output
    }

    /// The pixels of one window that are inside, in row-major order, with the weight of Hann's.
    static func window(
        of input: ReferenceFeatures, _ c: Int, _ y: Int, _ x: Int, isHann: Bool
    ) -> [(value: Double, weight: Double, y: Int, x: Int)] {
        let hann = [1.0, 2, 1]
        let offsets = isHann ? Array(-1...1) : Array(0...1)
        var pixels: [(value: Double, weight: Double, y: Int, x: Int)] = []
        for dy in offsets {
            for dx in offsets {
                let (row, column) = (2 * y + dy, 2 * x + dx)
                guard (0..<input.height).contains(row), (0..<input.width).contains(column) else {
                    continue
                }
                let weight = isHann ? hann[dy + 1] * hann[dx + 1] / 16 : 1
                pixels.append((input[c, row, column], weight, row, column))
            }
        }
        return pixels
    }

    private static func value(
        _ window: [(value: Double, weight: Double, y: Int, x: Int)],
        _ pooling: NetworkVariant.Pooling
    ) -> Double {
        let squares = window.reduce(0) { $0 + $1.weight * $1.value * $1.value }
        switch pooling {
        case .max:
            return window.reduce(-.infinity) { max($0, $1.value) }
        case .average(let scale):
            return Double(scale) * window.reduce(0) { $0 + $1.value } / Double(window.count)
        case .l2(let scale):
            return Double(scale) * squares.squareRoot()
        case .l2Hann:
            return (squares + 1e-12).squareRoot()
        }
    }

    /// The derivative of a window's value by each of its pixels. A maximum is the first one, unless
    /// decisions are given.
    static func slopes(
        _ window: [(value: Double, weight: Double, y: Int, x: Int)],
        _ pooling: NetworkVariant.Pooling, _ isMaximum: ((Int, Int) -> Bool)?
    ) -> [Double] {
        let value = value(window, pooling)
        switch pooling {
        case .max:
            if let isMaximum { return window.map { isMaximum($0.y, $0.x) ? 1 : 0 } }
            let first = window.firstIndex { $0.value == value }
            return window.indices.map { $0 == first ? 1 : 0 }
        case .average(let scale):
            return window.map { _ in Double(scale) / Double(window.count) }
        case .l2(let scale):
            let root = value / Double(scale)
            return window.map { root == 0 ? 0 : Double(scale) * $0.value / root }
        case .l2Hann:
            return window.map { $0.weight * $0.value / value }
        }
    }
}
