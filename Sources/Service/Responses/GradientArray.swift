import Codecs
import HTTP

/// The gradient of one sample with respect to one input, as an answer carries it.
struct GradientArray: Sendable {
    let shape: [Int]
    let elements: TensorElements
    /// What the elements are multiplied by to be the gradient, a power of two; nil for 1.
    let scale: Double?
    /// The Euclidean norm of the gradient.
    let norm: Double

    /// A gradient in single precision, or rounded to half; nil unless it is finite.
    init?(shape: [Int], float32 values: [Float], as dtype: GradientOptions.DType?) {
        self.shape = shape
        // What is not finite makes a sum of squares that is not, and nothing else does: the square of
        // a single is far from the ends of a double.
        let (squares, largest) = Self.sums(values)
        guard squares.isFinite else { return nil }
        norm = squares.squareRoot()
        guard dtype == .float16 else {
            (elements, scale) = (.float32(values), nil)
            return
        }
        let scale = HalfPrecision.scale(largest: Double(largest))
        let factor = 1 / scale
        elements = .float16(values.map { HalfPrecision.bits(Float(Double($0) * factor)) })
        self.scale = scale
    }

    /// A gradient in double precision, or rounded; nil unless it is finite.
    init?(shape: [Int], float64 values: [Double], as dtype: GradientOptions.DType?) {
        let largest = values.reduce(0) { max($0, abs($1)) }
        guard values.allSatisfy(\.isFinite) else { return nil }
        self.shape = shape
        // Of values beyond 1e154 the squares are not finite, so they are scaled first.
        let unit = HalfPrecision.scale(largest: largest)
        norm = unit * values.reduce(0) { $0 + $1 / unit * ($1 / unit) }.squareRoot()
        guard norm.isFinite else { return nil }
        switch dtype {
        case .float32:
            let singles = values.map { Float($0) }
            guard singles.allSatisfy(\.isFinite) else { return nil }
            (elements, scale) = (.float32(singles), nil)
        case .float16:
            elements = .float16(values.map { HalfPrecision.bits(Float($0 / unit)) })
            scale = unit
        case nil: (elements, scale) = (.float64(values), nil)
        }
    }

    /// In the form that arrays are sent in.
    var json: JSON {
        var members: [JSON.Member] = [
            .init("dtype", .string(elements.elementType.rawValue)),
            .init("shape", .array(shape.map(JSON.integer))),
        ]
        if let scale { members.append(.init("scale", .number(scale))) }
        members.append(.init("data", .string(Base64.encode(elements.bytes))))
        return .object(members)
    }

    // The sum of the squares and the largest of the sizes, eight at a time.
    private static func sums(_ values: [Float]) -> (squares: Double, largest: Float) {
        var squares = SIMD8<Double>()
        var largest = SIMD8<Float>()
        let whole = values.count / 8 * 8
        unsafe values.withUnsafeBufferPointer { values in
            for at in stride(from: 0, to: whole, by: 8) {
                var eight = SIMD8<Float>()
                for lane in 0..<8 { unsafe eight[lane] = values[at + lane] }
                let wide = SIMD8<Double>(eight)
                squares += wide * wide
                let sizes = eight.replacing(with: -eight, where: eight .< 0)
                largest.replace(with: sizes, where: sizes .> largest)
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
