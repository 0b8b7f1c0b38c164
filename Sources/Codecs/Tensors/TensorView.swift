// What npy and safetensors parse to: where the elements are and what they are, not the elements.

/// The element types that are read. Raw values are the names of the JSON API and of numpy.
public enum ElementType: String, Sendable, CaseIterable {
    case uint8, float16, bfloat16, float32, float64

    /// Bytes an element.
    public var byteCount: Int {
        switch self {
        case .uint8: 1
        case .float16, .bfloat16: 2
        case .float32: 4
        case .float64: 8
        }
    }
}

/// A tensor inside a sequence of bytes: C order, little-endian, at any alignment.
public struct TensorView: Sendable, Equatable {
    /// More dimensions than this are refused: numpy's own maximum (NPY_MAXDIMS).
    public static let rankMax = 64

    /// What the bytes of an element are.
    public let elementType: ElementType
    /// Dimensions, slowest first; empty for a scalar. No dimension is negative.
    public let shape: [Int]
    /// Where the elements are; `byteRange.count == elementCount * elementType.byteCount`.
    public let byteRange: Range<Int>

    /// Elements of the tensor; 1 for a scalar.
    public var elementCount: Int { byteRange.count / elementType.byteCount }

    /// `nil` unless the range has exactly the bytes that the shape needs.
    public init?(elementType: ElementType, shape: [Int], byteRange: Range<Int>) {
        guard byteRange.lowerBound >= 0, shape.count <= Self.rankMax,
            Self.byteCount(shape: shape, elementType: elementType) == byteRange.count
        else { return nil }
        self.elementType = elementType
        self.shape = shape
        self.byteRange = byteRange
    }

    /// Bytes that a tensor needs; `nil` when a dimension is negative or the product leaves `Int`.
    ///
    /// A zero does not excuse the other dimensions: 0 × 2^62 × 4 is `nil` too.
    public static func byteCount(shape: [Int], elementType: ElementType) -> Int? {
        var product = elementType.byteCount
        for dimension in shape where dimension != 0 {
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard dimension > 0, !overflow else { return nil }
            product = next
        }
        return shape.contains(0) ? 0 : product
    }
}
