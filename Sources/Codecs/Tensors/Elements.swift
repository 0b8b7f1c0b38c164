/// Why the elements of a sound tensor were refused.
public enum ElementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The element at this index, counted in C order, is NaN or infinite.
    case notFinite(index: Int)
    /// The float64 element at this index is finite but beyond the range of float32.
    case beyondFloat32(index: Int)

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notFinite(let index):
            "The element at index \(index) is NaN or infinite; send finite values."
        case .beyondFloat32(let index):
            "The element at index \(index) is beyond the range of float32; scale the values down."
        }
    }
}

/// Conversion of stored elements to arithmetic types: little-endian, at any alignment, exact but for
/// float64 → float32, which rounds to nearest. uint8 gives 0…255, unscaled. NaN and infinity are
/// always refused.
public enum Elements {
    /// The elements of a tensor as float32, in C order.
    ///
    /// - Parameters:
    ///   - view: found in, or made for, `bytes`.
    ///   - bytes: the whole sequence that `view.byteRange` counts from.
    /// - Throws: the first element, in C order, that is not finite or does not fit.
    public static func float32(
        _ view: TensorView, of bytes: Span<UInt8>
    ) throws(ElementError) -> [Float] {
        precondition(view.byteRange.upperBound <= bytes.count, "the view is of other bytes")
        let values = unsafe bytes.extracting(view.byteRange).withUnsafeBytes { source in
            let source = unsafe source
            return switch view.elementType {
            case .uint8: unsafe converted(source, from: UInt8.self) { Float($0) }
            case .float16: unsafe converted(source, from: UInt16.self, float(float16:))
            case .bfloat16: unsafe converted(source, from: UInt16.self, float(bfloat16:))
            case .float32:
                unsafe converted(source, from: UInt32.self) {
                    Float(bitPattern: UInt32(littleEndian: $0))
                }
            case .float64:
                unsafe converted(source, from: UInt64.self) {
                    Float(Double(bitPattern: UInt64(littleEndian: $0)))
                }
            }
        }
        guard hasNonFinite(values), let index = values.firstIndex(where: { !$0.isFinite }) else {
            return values
        }
        guard view.elementType == .float64, float64(at: index, of: view, bytes).isFinite else {
            throw .notFinite(index: index)
        }
        throw .beyondFloat32(index: index)
    }

    /// The elements of a tensor as float64, in C order; parameters and errors as of `float32`, except
    /// that nothing is beyond range.
    public static func float64(
        _ view: TensorView, of bytes: Span<UInt8>
    ) throws(ElementError) -> [Double] {
        guard view.elementType == .float64 else {
            return try float32(view, of: bytes).map(Double.init)
        }
        precondition(view.byteRange.upperBound <= bytes.count, "the view is of other bytes")
        let values = unsafe bytes.extracting(view.byteRange).withUnsafeBytes { source in
            unsafe converted(source, from: UInt64.self) {
                Double(bitPattern: UInt64(littleEndian: $0))
            }
        }
        if let index = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
        return values
    }

    /// IEEE 754 binary16 → binary32, without branches so that loops over it vectorise. (On x86-64
    /// without F16C, `Float(Float16)` is a library call an element.)
    private static func float(float16 stored: UInt16) -> Float {
        let half = UInt32(UInt16(littleEndian: stored))
        let sign = (half & 0x8000) << 16
        let magnitude = (half & 0x7FFF) << 13
        // Exponents are biased by 15 there and by 127 here; the largest means infinity or NaN.
        let normal = magnitude + (127 - 15) << 23
        let special = magnitude | 0xFF << 23
        // A subnormal m * 2^-24 is (2^-14 + m * 2^-24) - 2^-14, both exact.
        let one = Float(bitPattern: (127 - 14) << 23)
        let subnormal = (Float(bitPattern: magnitude + one.bitPattern) - one).bitPattern
        let bits = magnitude >= 0x1F << 23 ? special : magnitude < 1 << 23 ? subnormal : normal
        return Float(bitPattern: sign | bits)
    }

    /// bfloat16 is the upper half of binary32.
    private static func float(bfloat16 stored: UInt16) -> Float {
        Float(bitPattern: UInt32(UInt16(littleEndian: stored)) << 16)
    }

    /// `source` holds whole elements at any alignment.
    @inline(__always)
    private static func converted<Stored: FixedWidthInteger & BitwiseCopyable, Element>(
        _ source: UnsafeRawBufferPointer, from: Stored.Type, _ convert: (Stored) -> Element
    ) -> [Element] {
        let stride = MemoryLayout<Stored>.size
        let count = source.count / stride
        return unsafe [Element](unsafeUninitializedCapacity: count) { elements, initialized in
            for index in 0..<count {
                let stored = unsafe source.loadUnaligned(
                    fromByteOffset: index &* stride, as: Stored.self)
                unsafe elements.initializeElement(at: index, to: convert(stored))
            }
            initialized = count
        }
    }

    /// A whole pass without an early exit vectorises.
    private static func hasNonFinite(_ values: [Float]) -> Bool {
        let infinity = Float.infinity.bitPattern
        var found: UInt32 = 0
        for value in values {
            found |= value.bitPattern & infinity == infinity ? 1 : 0
        }
        return found != 0
    }

    private static func float64(
        at index: Int, of view: TensorView, _ bytes: Span<UInt8>
    ) -> Double {
        let start = view.byteRange.lowerBound + 8 * index
        return Double(
            bitPattern: (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) })
    }
}
