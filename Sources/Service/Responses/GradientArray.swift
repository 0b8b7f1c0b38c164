import Codecs
import HTTP

/// The gradient of one sample with respect to one input, as an answer carries it.
package struct GradientArray: Sendable {
    let shape: [Int]
    package let elements: TensorElements
    /// What the elements are multiplied by to be the gradient, a power of two; nil for 1.
    let scale: Double?
    /// The Euclidean norm of the gradient.
    package let norm: Double

    /// A gradient in single precision, or rounded to half; nil unless it is finite.
    /// - Parameter check: asked again and again; what it throws ends the work.
    package init?(
        shape: [Int], float32 values: [Float], as dtype: GradientOptions.DType?,
        checking check: () throws(ServiceError) -> Void
    ) throws(ServiceError) {
        self.shape = shape
        // What is not finite makes a sum of squares that is not, and nothing else does: the square of
        // a single is far from the ends of a double.
        let (squares, largest) = try Self.sums(values, check)
        guard squares.isFinite else { return nil }
        norm = squares.squareRoot()
        guard dtype == .float16 else {
            (elements, scale) = (.float32(values), nil)
            return
        }
        let scale = HalfPrecision.scale(largest: Double(largest))
        let factor = 1 / scale
        elements = .float16(
            try values.map(checking: check) { HalfPrecision.bits(Float(Double($0) * factor)) })
        self.scale = scale
    }

    /// A gradient in double precision, or rounded; nil unless it is finite.
    /// - Parameter check: asked again and again; what it throws ends the work.
    package init?(
        shape: [Int], float64 values: [Double], as dtype: GradientOptions.DType?,
        checking check: () throws(ServiceError) -> Void
    ) throws(ServiceError) {
        var largest = 0.0
        var isFinite = true
        try values.forEachBlock(checking: check) { block in
            for value in values[block] {
                largest = max(largest, abs(value))
                isFinite = isFinite && value.isFinite
            }
        }
        guard isFinite else { return nil }
        self.shape = shape
        // Of values beyond 1e154 the squares are not finite, so they are scaled first.
        let unit = HalfPrecision.scale(largest: largest)
        var squares = 0.0
        try values.forEachBlock(checking: check) { block in
            for value in values[block] { squares += value / unit * (value / unit) }
        }
        norm = unit * squares.squareRoot()
        guard norm.isFinite else { return nil }
        switch dtype {
        case .float32:
            guard Float(largest).isFinite else { return nil }
            let singles = try values.map(checking: check) { Float($0) }
            (elements, scale) = (.float32(singles), nil)
        case .float16:
            elements = .float16(
                try values.map(checking: check) { HalfPrecision.bits(Float($0 / unit)) })
            scale = unit
        case nil: (elements, scale) = (.float64(values), nil)
        }
    }

    /// In the form that arrays are sent in.
    /// - Parameter check: asked again and again; what it throws ends the work.
    package func json(checking check: () throws(ServiceError) -> Void) throws(ServiceError) -> JSON
    {
        var members: [JSON.Member] = [
            .init("dtype", .string(elements.elementType.rawValue)),
            .init("shape", .array(shape.map(JSON.integer))),
        ]
        if let scale { members.append(.init("scale", .number(scale))) }
        let bytes = try elements.bytes(checking: check)
        members.append(.init("data", .string(try Base64.encode(bytes, checking: check))))
        return .object(members)
    }

    // The sum of the squares and the largest of the sizes, eight at a time.
    private static func sums(
        _ values: [Float], _ check: () throws(ServiceError) -> Void
    ) throws(ServiceError) -> (squares: Double, largest: Float) {
        var squares = SIMD8<Double>()
        var largest = SIMD8<Float>()
        let whole = values.count / 8 * 8
        // Blocks are a multiple of eight but for the last.
        try values.forEachBlock(checking: check) { block in
            unsafe values.withUnsafeBufferPointer { values in
                for at in stride(from: block.lowerBound, to: min(block.upperBound, whole), by: 8) {
                    var eight = SIMD8<Float>()
                    for lane in 0..<8 { unsafe eight[lane] = values[at + lane] }
                    let wide = SIMD8<Double>(eight)
                    squares += wide * wide
                    let sizes = eight.replacing(with: -eight, where: eight .< 0)
                    largest.replace(with: sizes, where: sizes .> largest)
                }
            }
        }
        var (sum, most) = (squares.sum(), largest.max())
        for value in values[whole...] {
            sum += Double(value) * Double(value)
            most = max(most, value.magnitude)
        }
        return (sum, most)
    }
}
