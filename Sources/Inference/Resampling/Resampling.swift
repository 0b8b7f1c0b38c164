/// Images of one size resampled to another: along the columns first and along the rows second, a strip of
/// rows at a time, in double precision rounded once.
public struct Resampling: Sendable {
    /// The size in.
    public let source: ImageSize
    /// The size out.
    public let size: ImageSize

    private let filter: ResampleFilter
    private let antialiases: Bool
    // Pixels in for each pixel out, where it is not the ratio of the sizes.
    private let scale: Double?

    init(
        from source: ImageSize, to size: ImageSize, _ filter: ResampleFilter, antialiases: Bool,
        scale: Double? = nil
    ) {
        self.source = source
        self.size = size
        self.filter = filter
        self.antialiases = antialiases
        self.scale = scale
    }

    private var map: Map {
        func axis(_ count: Int, _ outputCount: Int) -> ResampleAxis {
            ResampleAxis(
                from: count, to: outputCount, filter, antialiases: antialiases, scale: scale)
        }
        return Map(
            rows: axis(source.height, size.height), columns: axis(source.width, size.width))
    }

    // Pillow keeps what overshoots between black and white.
    private var clips: Bool { antialiases && filter.overshoots }

    /// An image of the size in, as RGB in single precision.
    /// - Throws: `cancelled`.
    public func callAsFunction(_ image: Image, team: Team) throws(InferenceError) -> Image {
        var samples = try values(of: image, team)
        if clips { samples.clip() }
        return Image(samples, size)
    }

    /// A mask of the size in; whatever the filter, it stays in [0, 1].
    /// - Throws: `cancelled`.
    public func callAsFunction(_ mask: Mask, team: Team) throws(InferenceError) -> Mask {
        var samples = try values(of: mask.image, team)
        samples.clip()
        return mask.with(Image(samples, size))
    }

    /// The gradient by an image of the size in, from that by what was made of it. A value that overshot
    /// has none, as with `torch.clamp`.
    /// - Throws: `cancelled`.
    public func gradient(
        by image: Image, from gradient: ImageGradient, team: Team
    ) throws(InferenceError) -> ImageGradient {
        precondition(gradient.height == size.height && gradient.width == size.width)
        var slopes = gradient.values
        if clips {
            let values = try values(of: image, team)
            for (index, value) in values.enumerated() where !(0...1).contains(value) {
                slopes[index] = 0
            }
        }
        let lanes = 3 * size.width
        let values = try map.transposed.values(team) { y, row in
            for i in 0..<lanes { row[i] = Double(slopes[y * lanes + i]) }
        }
        return try ImageGradient(height: source.height, width: source.width, values: values)
    }

    private func values(of image: Image, _ team: Team) throws(InferenceError) -> [Float] {
        precondition(image.size == source)
        return try map.values(team) { y, row in image.readRow(y, into: row) }
    }

    /// The bytes that it takes at most beside the image in: the image out or the gradient, made of
    /// strips, and the work on these.
    public func workingBytes(workers: Int) -> Int {
        let axes =
            ResampleAxis.bytesMax(from: source.height, to: size.height)
            + ResampleAxis.bytesMax(from: source.width, to: size.width)
        let (height, width) = (
            max(source.height, size.height), max(source.width, size.width)
        )
        let larger = 3 * height * width * MemoryLayout<Float>.stride
        let lanes = 3 * width * MemoryLayout<Double>.stride
        let rows = Map.stripRowsMax(from: source.height, to: size.height)
        return axes + 3 * larger + workers * lanes * rows
    }
}

/// A linear map of rows and columns.
private struct Map {
    let rows: ResampleAxis
    let columns: ResampleAxis

    private static let rowsPerStrip = 32

    var transposed: Map { Map(rows: rows.transposed, columns: columns.transposed) }

    /// Rows of a strip, in and out, and one by itself: a filter reaches three pixels of the larger grid
    /// to either side.
    static func stripRowsMax(from height: Int, to other: Int) -> Int {
        let scale = max(height, other) / min(height, other) + 1
        return min(max(height, other), (rowsPerStrip + 8) * scale) + rowsPerStrip + 1
    }

    /// (H, W, 3) out; `read` writes row y in, (W, 3).
    func values(
        _ team: Team, _ read: (Int, UnsafeMutableBufferPointer<Double>) -> Void
    ) throws(InferenceError) -> [Float] {
        let height = rows.outputCount
        let strips = (height + Self.rowsPerStrip - 1) / Self.rowsPerStrip
        let values = try team.map(strips) { item throws(InferenceError) in
            let first = item * Self.rowsPerStrip
            return try strip(
                first..<min(first + Self.rowsPerStrip, height), team.checkCancelled, read)
        }
        return Array(values.joined())
    }

    private func strip(
        _ outputs: Range<Int>, _ check: () throws(InferenceError) -> Void,
        _ read: (Int, UnsafeMutableBufferPointer<Double>) -> Void
    ) throws(InferenceError) -> [Float] {
        let inputs = rows.inputs(of: outputs)
        let lanes = 3 * columns.outputCount
        var row = [Double](repeating: 0, count: 3 * columns.count)
        var narrow = [Double](repeating: 0, count: inputs.count * lanes)
        for (place, y) in inputs.enumerated() {
            try check()
            row.withUnsafeMutableBufferPointer { row in
                read(y, row)
                narrow.withUnsafeMutableBufferPointer { narrow in
                    guard let row = row.baseAddress, let narrow = narrow.baseAddress else { return }
                    columns.apply(
                        0..<columns.outputCount, lanes: 3, of: row, from: 0,
                        into: narrow + place * lanes)
                }
            }
        }
        var result = [Double](repeating: 0, count: outputs.count * lanes)
        result.withUnsafeMutableBufferPointer { result in
            narrow.withUnsafeBufferPointer { narrow in
                guard let narrow = narrow.baseAddress, let result = result.baseAddress else {
                    return
                }
                rows.apply(outputs, lanes: lanes, of: narrow, from: inputs.lowerBound, into: result)
            }
        }
        return result.map { Float($0) }
    }
}

extension Image {
    fileprivate init(_ samples: [Float], _ size: ImageSize) {
        self.init(
            width: size.width, height: size.height, channels: 3, float32: samples,
            range: .zeroToOne)
    }
}

extension [Float] {
    fileprivate mutating func clip() {
        for index in indices { self[index] = Swift.min(Swift.max(self[index], 0), 1) }
    }
}
