/// Why the elements of a sound tensor were refused.
public enum ElementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The element at this index, counted in C order, is NaN or infinite.
    case notFinite(index: Int)
    /// The float64 element at this index is finite but beyond the range of float32.
    case beyondFloat32(index: Int)
    /// The integer at this index is not one of 0 to 255.
    case notByte(index: Int)
    /// Nobody waits for the elements any more.
    case cancelled

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notFinite(let index):
            "The element at index \(index) is NaN or infinite; send finite values."
        case .beyondFloat32(let index):
            "The element at index \(index) is beyond the range of float32; scale the values down."
        case .notByte(let index):
            "The integer at index \(index) is outside 0 to 255, the range of integer arrays; send"
                + " float32 values with the option range instead, such as (array / 65535) in 0..1."
        case .cancelled: "The elements were not read in time."
        }
    }
}

/// Conversion of stored elements to arithmetic types, from any alignment, byte order and order of
/// dimensions; exact but for float64 → float32, which rounds to nearest. Integers give 0…255,
/// unscaled. NaN and infinity are always refused. Each function asks `isCancelled` every few hundred
/// microseconds, and throws `cancelled` once it says true.
public enum Elements {
    /// The elements of a tensor as float32, in C order.
    ///
    /// - Parameters:
    ///   - view: found in, or made for, `bytes`.
    ///   - bytes: the whole sequence that `view.byteRange` counts from.
    /// - Throws: the first element, in C order, that is not finite or does not fit.
    public static func float32(
        _ view: TensorView, of bytes: Span<UInt8>, isCancelled: () -> Bool = { false }
    ) throws(ElementError) -> [Float] {
        func check() throws(ElementError) { if isCancelled() { throw .cancelled } }
        if view.elementType.isInteger {
            return try uint8(view, of: bytes, isCancelled: isCancelled)
                .map(checking: check) { Float($0) }
        }
        let values =
            switch view.elementType {
            case .float16:
                try converted(view, bytes, isCancelled, from: UInt16.self, float(float16:))
            case .bfloat16:
                try converted(view, bytes, isCancelled, from: UInt16.self, float(bfloat16:))
            case .float64:
                try converted(view, bytes, isCancelled, from: UInt64.self) {
                    Float(Double(bitPattern: $0))
                }
            default:
                try converted(view, bytes, isCancelled, from: UInt32.self) { Float(bitPattern: $0) }
            }
        guard let index = try firstNonFinite(values, check) else { return values }
        if view.elementType == .float64, try doubles(view, bytes, isCancelled)[index].isFinite {
            throw .beyondFloat32(index: index)
        }
        throw .notFinite(index: index)
    }

    /// The elements of a tensor as float64, in C order; parameters and errors as of `float32`, except
    /// that nothing is beyond range.
    public static func float64(
        _ view: TensorView, of bytes: Span<UInt8>, isCancelled: () -> Bool = { false }
    ) throws(ElementError) -> [Double] {
        func check() throws(ElementError) { if isCancelled() { throw .cancelled } }
        guard view.elementType == .float64 else {
            return try float32(view, of: bytes, isCancelled: isCancelled)
                .map(checking: check) { Double($0) }
        }
        let values = try doubles(view, bytes, isCancelled)
        if let index = try firstNonFinite(values, check) { throw .notFinite(index: index) }
        return values
    }

    /// The elements of a tensor of integers, in C order; parameters as of `float32`.
    ///
    /// - Throws: the first element, in C order, that is not 0 to 255.
    public static func uint8(
        _ view: TensorView, of bytes: Span<UInt8>, isCancelled: () -> Bool = { false }
    ) throws(ElementError) -> [UInt8] {
        precondition(view.elementType.isInteger, "the elements are not integers")
        // Whatever is not 0 to 255 becomes -1.
        func byte(_ value: some FixedWidthInteger) -> Int16 {
            UInt8(exactly: value).map(Int16.init) ?? -1
        }
        let values: [Int16] =
            switch view.elementType {
            case .int8:
                try converted(view, bytes, isCancelled, from: UInt8.self) {
                    byte(Int8(bitPattern: $0))
                }
            case .int16:
                try converted(view, bytes, isCancelled, from: UInt16.self) {
                    byte(Int16(bitPattern: $0))
                }
            case .int32:
                try converted(view, bytes, isCancelled, from: UInt32.self) {
                    byte(Int32(bitPattern: $0))
                }
            case .int64:
                try converted(view, bytes, isCancelled, from: UInt64.self) {
                    byte(Int64(bitPattern: $0))
                }
            case .uint16: try converted(view, bytes, isCancelled, from: UInt16.self) { byte($0) }
            case .uint32: try converted(view, bytes, isCancelled, from: UInt32.self) { byte($0) }
            case .uint64: try converted(view, bytes, isCancelled, from: UInt64.self) { byte($0) }
            default: try converted(view, bytes, isCancelled, from: UInt8.self) { byte($0) }
            }
        func check() throws(ElementError) { if isCancelled() { throw .cancelled } }
        var index: Int?
        try values.forEachBlock(checking: check) { block in
            if index == nil { index = values[block].firstIndex(of: -1) }
        }
        if let index { throw .notByte(index: index) }
        return try values.map(checking: check) { UInt8(truncatingIfNeeded: $0) }
    }

    private static func doubles(
        _ view: TensorView, _ bytes: Span<UInt8>, _ isCancelled: () -> Bool
    ) throws(ElementError) -> [Double] {
        try converted(view, bytes, isCancelled, from: UInt64.self) { Double(bitPattern: $0) }
    }

    /// IEEE 754 binary16 → binary32, without branches so that loops over it vectorise. (On x86-64
    /// without F16C, `Float(Float16)` is a library call an element.)
    private static func float(float16 stored: UInt16) -> Float {
        let half = UInt32(stored)
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
        Float(bitPattern: UInt32(stored) << 16)
    }

    /// Each stored word of the view, in the byte order of this machine, converted; in C order.
    @inline(__always)
    private static func converted<Stored: FixedWidthInteger & BitwiseCopyable, Element>(
        _ view: TensorView, _ bytes: Span<UInt8>, _ isCancelled: () -> Bool, from: Stored.Type,
        _ convert: (Stored) -> Element
    ) throws(ElementError) -> [Element] {
        precondition(view.byteRange.upperBound <= bytes.count, "the view is of other bytes")
        let count = view.elementCount
        let elements = unsafe bytes.extracting(view.byteRange).withUnsafeBytes { source in
            let source = unsafe source
            return unsafe [Element](unsafeUninitializedCapacity: count) { elements, initialized in
                while initialized < count && !isCancelled() {
                    let block = initialized..<min(initialized + elementsBetweenLooks, count)
                    // Decided once a block, so that both loops vectorise.
                    if view.isBigEndian {
                        for index in block {
                            let stored = unsafe source.loadUnaligned(
                                fromByteOffset: index &* MemoryLayout<Stored>.size, as: Stored.self)
                            unsafe elements.initializeElement(
                                at: index, to: convert(Stored(bigEndian: stored)))
                        }
                    } else {
                        for index in block {
                            let stored = unsafe source.loadUnaligned(
                                fromByteOffset: index &* MemoryLayout<Stored>.size, as: Stored.self)
                            unsafe elements.initializeElement(
                                at: index, to: convert(Stored(littleEndian: stored)))
                        }
                    }
                    initialized = block.upperBound
                }
            }
        }
        guard elements.count == count else { throw .cancelled }
        return try view.inCOrder(elements, isCancelled)
    }

    /// Elements between two looks at whether anybody still waits: some 100 µs of work.
    public static let elementsBetweenLooks = 1 << 16

    /// The first element that is NaN or infinite.
    @inline(__always)
    private static func firstNonFinite<Value: BinaryFloatingPoint>(
        _ values: [Value], _ check: () throws(ElementError) -> Void
    ) throws(ElementError) -> Int? {
        var index: Int?
        try values.forEachBlock(checking: check) { block in
            guard index == nil else { return }
            // Without an early exit, so that the loop vectorises.
            var count = 0
            for place in block { count &+= values[place].isFinite ? 0 : 1 }
            if count > 0 { index = values[block].firstIndex { !$0.isFinite } }
        }
        return index
    }
}
