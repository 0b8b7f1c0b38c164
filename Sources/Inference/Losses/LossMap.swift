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
    public func resized(to other: ImageSize) -> LossMap {
        guard size != other else { return self }
        let plane = values.map { Double($0) }
        let rows = ResampleAxis(
            from: size.height, to: other.height, .bilinear, antialiases: false)
        let columns = ResampleAxis(
            from: size.width, to: other.width, .bilinear, antialiases: false)
        let tall = rows.apply(plane, lanes: size.width)
        var values: [Float] = []
        values.reserveCapacity(other.height * other.width)
        for y in 0..<other.height {
            let row = Array(tall[y * size.width..<(y + 1) * size.width])
            values += columns.apply(row, lanes: 1).map { Float($0) }
        }
        return LossMap(size: other, values: values)
    }

    /// The sum of maps of one size, each with a factor.
    public static func sum(_ maps: [(map: LossMap, weight: Double)]) -> LossMap {
        precondition(!maps.isEmpty && maps.allSatisfy { $0.map.size == maps[0].map.size })
        var sum = maps[0].map.values.map { _ in 0.0 }
        for (map, weight) in maps {
            for (place, value) in map.values.enumerated() { sum[place] += weight * Double(value) }
        }
        return LossMap(size: maps[0].map.size, values: sum.map { Float($0) })
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
