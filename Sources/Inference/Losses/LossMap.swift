/// A layer of a term, by the position of the term in its loss.
public struct MapPlace: Sendable, Hashable {
    /// The position of the term.
    public let term: Int
    /// The name of the layer.
    public let layer: String

    /// A place.
    public init(term: Int, layer: String) {
        self.term = term
        self.layer = layer
    }
}

/// Where two images differ, by position: what each position adds to a loss, times the number of positions,
/// so that the mean of the map is the loss.
public struct LossMap: Sendable {
    /// Rows and columns.
    public let size: ImageSize
    /// (H, W), from 0 on.
    public let values: [Float]

    /// A map of values, one a position.
    public init(size: ImageSize, values: [Float]) {
        precondition(values.count == size.height * size.width)
        self.size = size
        self.values = values
    }

    /// The map at another size, bilinear as PyTorch's `interpolate` with `align_corners=False`: the mean
    /// is then no longer exactly the loss.
    /// - Parameter check: called before each row; what it throws ends the work.
    public func resized(
        to other: ImageSize, check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> LossMap {
        guard size != other else { return self }
        let rows = ResampleAxis(
            from: size.height, to: other.height, .bilinear, antialiases: false)
        let columns = ResampleAxis(
            from: size.width, to: other.width, .bilinear, antialiases: false)
        var values: [Float] = []
        values.reserveCapacity(other.height * other.width)
        for y in 0..<rows.outputCount {
            try check()
            let inputs = rows.inputs(of: y..<y + 1)
            let from = inputs.lowerBound * size.width..<inputs.upperBound * size.width
            let plane = self.values[from].map { Double($0) }
            var row = [Double](repeating: 0, count: size.width)
            row.withUnsafeMutableBufferPointer { row in
                plane.withUnsafeBufferPointer { plane in
                    guard let plane = plane.baseAddress, let row = row.baseAddress else { return }
                    rows.apply(
                        y..<y + 1, lanes: size.width, of: plane, from: inputs.lowerBound, into: row)
                }
            }
            values += columns.apply(row, lanes: 1).map { Float($0) }
        }
        return LossMap(size: other, values: values)
    }

    /// The sum of maps of one size, each with a factor.
    /// - Parameter check: called before each row; what it throws ends the work.
    public static func sum(
        _ maps: [(map: LossMap, weight: Double)], check: () throws(InferenceError) -> Void = {}
    ) throws(InferenceError) -> LossMap {
        precondition(!maps.isEmpty && maps.allSatisfy { $0.map.size == maps[0].map.size })
        let size = maps[0].map.size
        var values: [Float] = []
        values.reserveCapacity(size.height * size.width)
        for y in 0..<size.height {
            try check()
            for place in y * size.width..<(y + 1) * size.width {
                let sum = maps.reduce(0.0) { $0 + $1.weight * Double($1.map.values[place]) }
                values.append(Float(sum))
            }
        }
        return LossMap(size: size, values: values)
    }
}

extension FeatureMeasure {
    /// Whether the loss of a layer is a sum over its positions: that of features by a distance without a
    /// root or a ratio is, and nothing that sums positions up before it compares.
    public var hasMap: Bool {
        if case .features = statistic { distance.sums.count == 1 && distance != .l2 } else { false }
    }

    /// The map of a layer from what `pairRules` makes of the channels of each position.
    func map(ofPairs sums: [Double], _ shape: FeatureShape, pixels: Int) -> LossMap {
        let positions = Double(shape.positions)
        let values = sums.map {
            Float(loss(ofPairs: [$0], shape, pixels: pixels) * positions)
        }
        return LossMap(size: ImageSize(height: shape.height, width: shape.width), values: values)
    }
}
