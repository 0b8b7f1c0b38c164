import Inference

/// Features in double precision, (C, H, W) in row-major order: what the slow twins compute with.
public struct ReferenceFeatures: Sendable, Equatable {
    /// C
    public let channels: Int
    /// H
    public let height: Int
    /// W
    public let width: Int
    /// The values.
    public var values: [Double]

    /// Features with values, which must fit the shape.
    public init(channels: Int, height: Int, width: Int, values: [Double]) {
        precondition(values.count == channels * height * width)
        self.channels = channels
        self.height = height
        self.width = width
        self.values = values
    }

    /// Zeros.
    public init(channels: Int, height: Int, width: Int) {
        let zeros = [Double](repeating: 0, count: channels * height * width)
        self.init(channels: channels, height: height, width: width, values: zeros)
    }

    /// The image as RGB planes in [0, 1].
    public init(_ image: Image) {
        self.init(channels: 3, height: image.height, width: image.width)
        var row = [Double](repeating: 0, count: 3 * width)
        for y in 0..<height {
            row.withUnsafeMutableBufferPointer { image.readRow(y, into: $0) }
            for x in 0..<width {
                for c in 0..<3 {
                    values[(c * height + y) * width + x] = row[3 * x + c]
                }
            }
        }
    }

    /// The value at channel c, row y, column x.
    public subscript(c: Int, y: Int, x: Int) -> Double {
        values[(c * height + y) * width + x]
    }
}
