// Rows of RGB in [0, 1], straight from the samples: no allocation, whatever the storage.

extension Image {
    /// Writes row `y` as interleaved RGB in [0, 1], correctly rounded: `row` has 3·width values.
    public func readRow(_ y: Int, into row: UnsafeMutableBufferPointer<Float>) {
        precondition(row.count == 3 * width && (0..<height).contains(y))
        guard let pixels = row.baseAddress else { return }
        read(y, 0..<width, into: pixels)
    }

    /// Writes row `y` as interleaved RGB in [0, 1] in double precision, for the pixel terms:
    /// differences of neighbouring 16-bit samples are below the resolution of `Float`.
    public func readRow(_ y: Int, into row: UnsafeMutableBufferPointer<Double>) {
        precondition(row.count == 3 * width && (0..<height).contains(y))
        guard let pixels = row.baseAddress else { return }
        read(y, 0..<width, into: pixels)
    }

    /// Writes row `y` less that of another image of the same size: taken in double precision and
    /// rounded once, so that one step of one sample keeps all its digits.
    func readRow(
        _ y: Int, lessThatOf other: Image, into row: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(size == other.size && row.count == 3 * width)
        guard let row = row.baseAddress else { return }
        forEachDifference(from: other, y) { i, difference in row[i] = Float(difference) }
    }

    /// Calls `body` with the place in the row, 3·x + c, and the difference of each sample of a row from
    /// that of another image of the same size, in order.
    @inline(__always)
    func forEachDifference(from other: Image, _ y: Int, _ body: (Int, Double) -> Void) {
        let chunk = 10
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 12 * chunk) { scratch in
            guard let others = scratch.baseAddress else { return }
            for first in stride(from: 0, to: width, by: chunk) {
                let columns = first..<min(first + chunk, width)
                let values = others + 3 * chunk
                other.readUncomposed(y, columns, into: others)
                readDifference(from: others, y, columns, into: values, others + 6 * chunk)
                for i in 0..<3 * columns.count { body(3 * first + i, values[i]) }
            }
        }
    }

    // `scratch` has room for twice the columns.
    private func readDifference(
        from others: UnsafeMutablePointer<Double>, _ y: Int, _ columns: Range<Int>,
        into values: UnsafeMutablePointer<Double>, _ scratch: UnsafeMutablePointer<Double>
    ) {
        let count = 3 * columns.count
        guard case .composite(let output, let target, let mask) = storage else {
            readUncomposed(y, columns, into: values)
            for i in 0..<count { values[i] -= others[i] }
            return
        }
        // Exactly zero where output and target are, whatever the fraction, and where that is 1.
        let (targets, fractions) = (scratch, scratch + count)
        output.readUncomposed(y, columns, into: values)
        target.readUncomposed(y, columns, into: targets)
        mask.read(y, columns, into: fractions)
        for i in 0..<count {
            let (m, o, t) = (fractions[i], values[i] - others[i], targets[i] - others[i])
            values[i] = m * t + (1 - m) * o
        }
    }

    @inline(__always)
    func read<Value: PixelValue>(
        _ y: Int, _ columns: Range<Int>, into pixels: UnsafeMutablePointer<Value>
    ) {
        switch storage {
        case .uint8(let samples, let grid):
            grid.read(samples, y, columns, into: pixels) { Value($0) / 255 }
        case .uint16(let samples, let grid):
            grid.read(samples, y, columns, into: pixels) { Value($0) / 65535 }
        case .float32(let samples, let grid, .zeroToOne):
            grid.read(samples, y, columns, into: pixels) { Value($0) }
        case .float32(let samples, let grid, .zeroTo255):
            grid.read(samples, y, columns, into: pixels) { Value($0) / 255 }
        case .float32(let samples, let grid, .minusOneToOne):
            grid.read(samples, y, columns, into: pixels) { (Value($0) + 1) / 2 }
        case .composite(let output, let target, let mask):
            Self.readComposite(output, target, mask, y, columns, into: pixels)
        case .hole(let image, let mask):
            Self.readHole(image, mask, y, columns, into: pixels)
        }
    }

    // In double precision, rounded once: where output and target are equal, so is the composite.
    // Chunks of a row, small enough for the stack: Swift gives temporaries of up to 1024 bytes
    // there, and larger ones from the heap.
    private static func readComposite<Value: PixelValue>(
        _ output: Image, _ target: Image, _ mask: Mask, _ y: Int, _ columns: Range<Int>,
        into pixels: UnsafeMutablePointer<Value>
    ) {
        let chunk = 14
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 9 * chunk) { scratch in
            guard let outputs = scratch.baseAddress else { return }
            let (targets, fractions) = (outputs + 3 * chunk, outputs + 6 * chunk)
            for first in stride(from: columns.lowerBound, to: columns.upperBound, by: chunk) {
                let part = first..<min(first + chunk, columns.upperBound)
                output.readUncomposed(y, part, into: outputs)
                target.readUncomposed(y, part, into: targets)
                mask.read(y, part, into: fractions)
                let row = pixels + 3 * (first - columns.lowerBound)
                for i in 0..<3 * part.count {
                    row[i] = Value(fractions[i] * targets[i] + (1 - fractions[i]) * outputs[i])
                }
            }
        }
    }

    private static func readHole<Value: PixelValue>(
        _ image: Image, _ mask: Mask, _ y: Int, _ columns: Range<Int>,
        into pixels: UnsafeMutablePointer<Value>
    ) {
        let chunk = 21
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 6 * chunk) { scratch in
            guard let values = scratch.baseAddress else { return }
            let fractions = values + 3 * chunk
            for first in stride(from: columns.lowerBound, to: columns.upperBound, by: chunk) {
                let part = first..<min(first + chunk, columns.upperBound)
                image.readUncomposed(y, part, into: values)
                mask.read(y, part, into: fractions)
                let row = pixels + 3 * (first - columns.lowerBound)
                for i in 0..<3 * part.count { row[i] = Value((1 - fractions[i]) * values[i]) }
            }
        }
    }

    // A call, so that the recursion of composites ends the inlining.
    @inline(never)
    func readUncomposed<Value: PixelValue>(
        _ y: Int, _ columns: Range<Int>, into pixels: UnsafeMutablePointer<Value>
    ) {
        read(y, columns, into: pixels)
    }
}

/// What a row may be read as.
protocol PixelValue: BinaryFloatingPoint {
    init(_ sample: UInt8)
    init(_ sample: UInt16)
    init(_ sample: Float)
    init(_ value: Double)
}
extension Float: PixelValue {}
extension Double: PixelValue {}

extension Image.Grid {
    // samples are (H,W,C) or (C,H,W); pixels is (columns,3)
    @inline(__always)
    fileprivate func read<Sample, Value>(
        _ samples: [Sample], _ y: Int, _ columns: Range<Int>,
        into pixels: UnsafeMutablePointer<Value>, _ value: (Sample) -> Value
    ) {
        samples.withUnsafeBufferPointer { samples in
            guard let all = samples.baseAddress else { return }
            let row = all + (start + y * rowStep + columns.lowerBound * pixelStep)
            if pixelStep == 3 {
                for i in 0..<3 * columns.count {
                    pixels[i] = value(row[i])
                }
                return
            }
            for x in 0..<columns.count {
                pixels[3 * x] = value(row[x * pixelStep])
                pixels[3 * x + 1] = value(row[x * pixelStep + green])
                pixels[3 * x + 2] = value(row[x * pixelStep + blue])
            }
        }
    }
}
