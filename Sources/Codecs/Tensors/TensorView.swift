// What npy and safetensors parse to: where the elements are and what they are, not the elements.

/// The element types that are read. Raw values are the names of the JSON API and of numpy.
public enum ElementType: String, Sendable, CaseIterable {
    case uint8, uint16, uint32, uint64, int8, int16, int32, int64
    case float16, bfloat16, float32, float64

    /// Bytes an element.
    public var byteCount: Int {
        switch self {
        case .uint8, .int8: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        }
    }

    /// Whether the elements are integers, which are read where they are 0 to 255.
    public var isInteger: Bool {
        switch self {
        case .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64: true
        case .float16, .bfloat16, .float32, .float64: false
        }
    }
}

/// A tensor inside a sequence of bytes, at any alignment.
public struct TensorView: Sendable, Equatable {
    /// More dimensions than this are refused: numpy's own maximum (NPY_MAXDIMS).
    public static let rankMax = 64

    /// What the bytes of an element are.
    public let elementType: ElementType
    /// Dimensions, slowest first in C order; empty for a scalar. No dimension is negative.
    public let shape: [Int]
    /// Where the elements are; `byteRange.count == elementCount * elementType.byteCount`.
    public let byteRange: Range<Int>
    /// Whether an element's highest byte comes first.
    public let isBigEndian: Bool
    /// Whether the first index is the fastest, as in Fortran, and not the last, as in C.
    public let isFortranOrder: Bool

    /// Elements of the tensor; 1 for a scalar.
    public var elementCount: Int { byteRange.count / elementType.byteCount }

    /// Whether the bytes are the elements of a uint8 tensor in C order.
    public var isPlainBytes: Bool { elementType == .uint8 && !isFortranOrder }

    /// `nil` unless the range has exactly the bytes that the shape needs.
    public init?(
        elementType: ElementType, shape: [Int], byteRange: Range<Int>, isBigEndian: Bool = false,
        isFortranOrder: Bool = false
    ) {
        guard byteRange.lowerBound >= 0, shape.count <= Self.rankMax,
            Self.byteCount(shape: shape, elementType: elementType) == byteRange.count
        else { return nil }
        self.elementType = elementType
        self.shape = shape
        self.byteRange = byteRange
        self.isBigEndian = isBigEndian
        self.isFortranOrder = isFortranOrder
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

    /// The elements, stored as the view says, in C order.
    func inCOrder<Element>(
        _ stored: [Element], _ isCancelled: () -> Bool
    ) throws(ElementError) -> [Element] {
        guard isFortranOrder, shape.count > 1, let last = shape.last, !stored.isEmpty else {
            return stored
        }
        // strides[k] is how far apart in storage neighbours along dimension k are.
        var strides = [1]
        for dimension in shape.dropLast() { strides.append(strides[strides.count - 1] * dimension) }
        var ordered: [Element] = []
        ordered.reserveCapacity(stored.count)
        var indices = [Int](repeating: 0, count: shape.count - 1)
        var start = 0
        while true {
            for index in 0..<last {
                if ordered.count.isMultiple(of: Elements.elementsBetweenLooks), isCancelled() {
                    throw .cancelled
                }
                ordered.append(stored[start + index * strides[shape.count - 1]])
            }
            // The next row in C order: the last of the outer indices first, with carry.
            var dimension = shape.count - 2
            while dimension >= 0 {
                indices[dimension] += 1
                start += strides[dimension]
                if indices[dimension] < shape[dimension] { break }
                start -= indices[dimension] * strides[dimension]
                indices[dimension] = 0
                dimension -= 1
            }
            if dimension < 0 { return ordered }
        }
    }
}
