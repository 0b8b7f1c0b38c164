/// The gradient of losses with respect to one sample of given features: the sum of slopes at every
/// position, 64 positions at a time, in the precision of the arithmetic `Element`.
///
/// A tile is [channel][64 positions]. The product with A is then that of the Gram kernel, `AᵀF` with
/// the symmetric A, channels taking the part of pixels.
struct FeatureGradient<Element: FeatureElement> {
    let output: FeatureTensor
    let target: FeatureTensor
    let sample: Int
    let kernels: Kernels

    private var shape: FeatureShape { output.dimensions.shape }
    private var channels: Int { shape.channels }
    private static var width: Int { Kernels.block }

    /// The bytes that `values` takes besides its answer.
    static func bytes(_ shape: FeatureShape) -> Int {
        let rows = Kernels.blocks(of: shape.channels) * Kernels.block
        // A in double precision and as the kernel reads it, at most; tiles of features, the same less their
        // means, targets and sums.
        let (square, overflow) = rows.multipliedReportingOverflow(by: rows)
        guard !overflow, square < .max / 64 else { return .max }
        return 2 * square * 8 + 4 * rows * width * 8
    }

    /// The gradient in the order of the tensor.
    /// - Parameter others: parts of it that are affine in the target's features, channel by channel.
    /// - Throws: `cancelled`.
    func values(
        _ summaries: [SummarySlope], others: [AffineSlope], _ differences: [DifferenceSlope],
        _ team: Team
    ) throws(InferenceError) -> [Element] {
        var tile = Tile<Element>(
            channels: channels, needsTarget: !differences.isEmpty || !others.isEmpty)
        var values = [Element](repeating: 0, count: shape.count)
        let whole = summaries.filter { $0.side == nil }.flatMap(\.parts)
        let sum = TileSlope<Element>(whole, channels: channels)
        for first in stride(from: 0, to: shape.positions, by: Self.width) {
            try team.checkCancelled()
            let places = Array(first..<min(first + Self.width, shape.positions))
            add(sum, others, differences, places, &tile, to: &values)
        }
        for slope in summaries {
            guard let side = slope.side else { continue }
            let across = max(1, shape.width / side)
            for (number, part) in slope.parts.enumerated() {
                try team.checkCancelled()
                let (row, column) = number.quotientAndRemainder(dividingBy: across)
                let packed = TileSlope<Element>([part], channels: channels)
                let places = (0..<side * side).map {
                    (row * side + $0 / side) * shape.width + column * side + $0 % side
                }
                for first in stride(from: 0, to: places.count, by: Self.width) {
                    let some = places[first..<min(first + Self.width, places.count)]
                    add(packed, [], [], Array(some), &tile, to: &values)
                }
            }
        }
        return values
    }

    // Adds the gradient at some places of the sample, at most as many as a tile has.
    private func add(
        _ slope: TileSlope<Element>, _ others: [AffineSlope], _ differences: [DifferenceSlope],
        _ places: [Int], _ tile: inout Tile<Element>, to values: inout [Element]
    ) {
        pack(output, places, into: &tile.features)
        if !differences.isEmpty || !others.isEmpty { pack(target, places, into: &tile.targets) }
        tile.clear()
        slope.add(to: &tile, kernels)
        for other in others { other.addTargets(to: &tile) }
        for difference in differences { difference.add(to: &tile) }
        let (channelStride, positionStride) = (
            output.dimensions.channelStride, output.dimensions.positionStride
        )
        values.withUnsafeMutableBufferPointer { values in
            tile.sums.withUnsafeBufferPointer { sums in
                for c in 0..<channels {
                    for (p, place) in places.enumerated() {
                        values[c * channelStride + place * positionStride] +=
                            Element(sums[c * Self.width + p])
                    }
                }
            }
        }
    }

    private func pack(_ tensor: FeatureTensor, _ places: [Int], into tile: inout [Element]) {
        switch tensor.elements {
        case .float32(let values): pack(values, tensor.dimensions, places, into: &tile)
        case .float64(let values): pack(values, tensor.dimensions, places, into: &tile)
        }
    }

    private func pack<Value: BinaryFloatingPoint>(
        _ values: [Value], _ dimensions: FeatureDimensions, _ places: [Int],
        into tile: inout [Element]
    ) {
        let start = sample * dimensions.shape.count
        let (channelStride, positionStride) = (dimensions.channelStride, dimensions.positionStride)
        values.withUnsafeBufferPointer { values in
            tile.withUnsafeMutableBufferPointer { tile in
                for c in 0..<channels {
                    let line = start + c * channelStride
                    for (p, place) in places.enumerated() {
                        tile[c * Self.width + p] = Element(values[line + place * positionStride])
                    }
                    for p in places.count..<Self.width { tile[c * Self.width + p] = 0 }
                }
            }
        }
    }
}

/// Features, targets and sums of 64 positions, [channel][64].
struct Tile<Element: FeatureElement> {
    let channels: Int
    var features: [Element]
    var targets: [Element]
    /// Features less what slopes are centred on; empty while none are.
    var centred: [Element] = []
    /// Of channels rounded up to whole blocks.
    var sums: [Double]

    init(channels: Int, needsTarget: Bool) {
        let count = channels * Kernels.block
        self.channels = channels
        features = Array(repeating: 0, count: count)
        targets = Array(repeating: 0, count: needsTarget ? count : 0)
        sums = Array(
            repeating: 0, count: Kernels.blocks(of: channels) * Kernels.block * Kernels.block)
    }

    mutating func clear() {
        sums.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    }
}

extension AffineSlope {
    /// Adds the same of the target's features; the matrix is diagonal.
    fileprivate func addTargets<Element: FeatureElement>(to tile: inout Tile<Element>) {
        guard case .diagonal(let factors) = matrix else { return }
        let block = Kernels.block
        for c in 0..<tile.channels {
            let origin = centre?[c] ?? 0
            for i in c * block..<(c + 1) * block {
                tile.sums[i] += factors[c] * (Double(tile.targets[i]) - origin) + shift[c]
            }
        }
    }
}

/// The sum of affine slopes, as the Gram kernel reads it.
private struct TileSlope<Element: FeatureElement> {
    private let channels: Int
    // [block][channel][64], what lies beyond the channels being zero; nil without a full matrix.
    private let matrix: [Element]?
    // Nil without a diagonal one.
    private let diagonal: [Double]?
    // What is taken off the features; nil for nothing.
    private let centre: [Element]?
    private let shift: [Double]

    init(_ slopes: [AffineSlope], channels: Int) {
        self.channels = channels
        centre = slopes.lazy.compactMap(\.centre).first?.map { Element($0) }
        let origin = centre?.map { Double($0) } ?? [Double](repeating: 0, count: channels)
        var (upper, diagonal): ([Double]?, [Double]?)
        var shift = [Double](repeating: 0, count: channels)
        for slope in slopes {
            let own = slope.shift(centredOn: origin)
            for c in 0..<channels { shift[c] += own[c] }
            switch slope.matrix {
            case .diagonal(let values): diagonal = Self.sum(diagonal, values)
            case .symmetric(let values): upper = Self.sum(upper, values)
            }
        }
        (self.diagonal, self.shift) = (diagonal, shift)
        matrix = upper.map { Self.packed($0, channels) }
    }

    private static func sum(_ a: [Double]?, _ b: [Double]) -> [Double] {
        guard var sum = a else { return b }
        for i in sum.indices { sum[i] += b[i] }
        return sum
    }

    private static func packed(_ upper: [Double], _ channels: Int) -> [Element] {
        let block = Kernels.block
        var packed = [Element](
            repeating: 0, count: Kernels.blocks(of: channels) * channels * block)
        let place = { (row: Int, column: Int) in
            (row / block * channels + column) * block + row % block
        }
        var i = 0
        for row in 0..<channels {
            for column in row..<channels {
                packed[place(row, column)] = Element(upper[i])
                packed[place(column, row)] = Element(upper[i])
                i += 1
            }
        }
        return packed
    }

    func add(to tile: inout Tile<Element>, _ kernels: Kernels) {
        let block = Kernels.block
        let features = centred(&tile)
        if let matrix { multiply(matrix, features, &tile.sums, kernels) }
        tile.sums.withUnsafeMutableBufferPointer { sums in
            features.withUnsafeBufferPointer { features in
                for c in 0..<channels {
                    let (a, b) = (diagonal?[c] ?? 0, shift[c])
                    guard a != 0 || b != 0 else { continue }
                    for i in c * block..<(c + 1) * block { sums[i] += a * Double(features[i]) + b }
                }
            }
        }
    }

    private func centred(_ tile: inout Tile<Element>) -> [Element] {
        guard let centre else { return tile.features }
        if tile.centred.isEmpty { tile.centred = tile.features }
        tile.centred.withUnsafeMutableBufferPointer { centred in
            tile.features.withUnsafeBufferPointer { features in
                for c in 0..<channels {
                    let places = c * Kernels.block..<(c + 1) * Kernels.block
                    for i in places { centred[i] = features[i] - centre[c] }
                }
            }
        }
        return tile.centred
    }

    private func multiply(
        _ matrix: [Element], _ features: [Element], _ sums: inout [Double], _ kernels: Kernels
    ) {
        let block = Kernels.block
        let step = Element.gramBlock(kernels)
        let rows = Kernels.blocks(of: channels) * block
        matrix.withUnsafeBufferPointer { matrix in
            features.withUnsafeBufferPointer { features in
                sums.withUnsafeMutableBufferPointer { sums in
                    guard let matrix = matrix.baseAddress, let features = features.baseAddress,
                        let sums = sums.baseAddress
                    else { return }
                    for i in stride(from: 0, to: rows, by: step.rows) {
                        withUnsafePointer(to: matrix + i / block * channels * block) { a in
                            withUnsafePointer(to: features) { b in
                                for j in stride(from: 0, to: block, by: step.columns) {
                                    Element.gram(
                                        kernels, a, i % block, b, j, vectors: 2, rows: 1,
                                        width: channels, g: sums + i * block + j, ldg: block)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
