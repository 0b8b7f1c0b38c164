/// Which weights the positions of features have.
public struct PositionWeighting: Sendable, Hashable {
    /// What weights are divided by, so that a mean over all positions is one over those of the region.
    public enum Divisor: Sendable, Hashable {
        /// Nothing.
        case one
        /// Their mean: of sums of w·f.
        case mean
        /// The root of the mean of their squares: of sums of products of w·F with themselves (Gatys et
        /// al., arXiv:1611.07865, section 4.1, whose guidance channels have squares that add up to 1).
        case rootMeanSquare
    }

    /// M or 1 − M; not `all`.
    public let region: PixelRegion
    /// What they are divided by.
    public let divisor: Divisor

    /// A weighting.
    public init(_ region: PixelRegion, _ divisor: Divisor = .one) {
        self.region = region
        self.divisor = divisor
    }
}

/// The weights of the positions of a layer: a mask resized to its height and width.
///
/// Bilinear with half-pixel centres and without antialiasing, as TensorFlow 2 resizes
/// (`tf.image.resize`) and PyTorch with `align_corners=False`; of a mask of three channels their mean.
package struct PositionWeights: Sendable {
    // [y][x]
    private let values: FloatBuffer
    private let width: Int
    /// Their sum.
    package let total: Double

    /// The weights of a layer's positions.
    /// - Throws: `outOfMemory`.
    package init(
        _ mask: Mask, _ weighting: PositionWeighting, height: Int, width: Int
    ) throws(InferenceError) {
        values = try FloatBuffer(count: height * width)
        self.width = width
        let rows = Self.neighbours(height, of: mask.size.height)
        let columns = Self.neighbours(width, of: mask.size.width)
        var (upper, lower) = (MaskRow(mask), MaskRow(mask))
        var (sum, squares) = (0.0, 0.0)
        for (y, row) in rows.enumerated() {
            upper.move(to: row.first)
            lower.move(to: row.second)
            for (x, column) in columns.enumerated() {
                let above = column.mix(upper.values)
                let valid = above + row.share * (column.mix(lower.values) - above)
                let value = weighting.region == .hole ? 1 - valid : valid
                values.base[y * width + x] = Float(value)
                sum += value
                squares += value * value
            }
        }
        let count = Double(height * width)
        let divisor =
            switch weighting.divisor {
            case .one: 1.0
            case .mean: sum / count
            case .rootMeanSquare: (squares / count).squareRoot()
            }
        // A region without positions weighs nothing, whatever its sums are divided by.
        guard divisor != 1, divisor > 0 else {
            total = sum
            return
        }
        total = sum / divisor
        for i in 0..<height * width {
            values.base[i] = Float(Double(values.base[i]) / divisor)
        }
    }

    /// What the weights of a layer take in memory.
    static func byteCount(height: Int, width: Int) -> Int {
        height * width * MemoryLayout<Float>.stride
    }

    /// The weights of a row.
    package func row(_ y: Int) -> UnsafePointer<Float> { UnsafePointer(values.base + y * width) }

    /// Two places and the share of the second.
    private struct Neighbours {
        let first: Int, second: Int
        let share: Double

        func mix(_ values: [Double]) -> Double {
            values[first] + share * (values[second] - values[first])
        }
    }

    private static func neighbours(_ count: Int, of source: Int) -> [Neighbours] {
        (0..<count).map { place in
            let centre = (Double(place) + 0.5) * Double(source) / Double(count) - 0.5
            let below = centre.rounded(.down)
            return Neighbours(
                first: max(0, Int(below)), second: min(source - 1, Int(below) + 1),
                share: centre - below)
        }
    }

    /// One row of a mask, one value a pixel.
    private struct MaskRow {
        private let mask: Mask
        private var y = -1
        private(set) var values: [Double]
        private var channels: [Double]

        init(_ mask: Mask) {
            self.mask = mask
            values = Array(repeating: 0, count: mask.size.width)
            channels = Array(repeating: 0, count: 3 * mask.size.width)
        }

        mutating func move(to row: Int) {
            guard row != y else { return }
            y = row
            channels.withUnsafeMutableBufferPointer { mask.readRow(row, into: $0) }
            for x in values.indices {
                let (r, g, b) = (channels[3 * x], channels[3 * x + 1], channels[3 * x + 2])
                // Of equal channels exactly their value.
                values[x] = r == g && g == b ? r : (r + g + b) / 3
            }
        }
    }
}
