/// Values as they are written into a tensor, with their element type.
public enum TensorElements: Sendable, Equatable {
    /// Binary16, by its bits.
    case float16([UInt16])
    /// Binary32
    case float32([Float])
    /// Binary64
    case float64([Double])
    /// Bytes.
    case uint8([UInt8])

    /// Their type.
    public var elementType: ElementType {
        switch self {
        case .float16: .float16
        case .float32: .float32
        case .float64: .float64
        case .uint8: .uint8
        }
    }

    /// Bytes of the values.
    public var byteCount: Int {
        switch self {
        case .float16(let values): 2 * values.count
        case .float32(let values): 4 * values.count
        case .float64(let values): 8 * values.count
        case .uint8(let values): values.count
        }
    }

    /// Adds the values to bytes, in the byte order of tensors, little-endian, which is this machine's.
    /// - Throws: what `check` throws, which is asked again and again.
    func append<Failure: Error>(
        to bytes: inout [UInt8], checking check: () throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .float16(let values): try values.append(to: &bytes, checking: check)
        case .float32(let values): try values.append(to: &bytes, checking: check)
        case .float64(let values): try values.append(to: &bytes, checking: check)
        case .uint8(let values): try values.append(to: &bytes, checking: check)
        }
    }

    /// The values' bytes.
    public var bytes: [UInt8] { bytes(checking: {}) }

    /// The same.
    /// - Throws: what `check` throws, which is asked again and again.
    public func bytes<Failure: Error>(
        checking check: () throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        try [self].bytes(checking: check)
    }
}

extension [TensorElements] {
    /// The bytes of all, one behind the other.
    /// - Throws: what `check` throws, which is asked again and again.
    func bytes<Failure: Error>(
        checking check: () throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(reduce(0) { $0 + $1.byteCount })
        for elements in self { try elements.append(to: &bytes, checking: check) }
        return bytes
    }
}

extension Array where Element: BitwiseCopyable {
    /// Adds the bytes of the elements, as this machine has them, to others.
    /// - Throws: what `check` throws, which is asked again and again.
    func append<Failure: Error>(
        to bytes: inout [UInt8], checking check: () throws(Failure) -> Void
    ) throws(Failure) {
        try forEachBlock(checking: check) { block in
            unsafe self[block].withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        }
    }
}

/// IEEE 754 binary16.
public enum HalfPrecision {
    /// The bits of the nearest half, ties to even, of a value below 65520 in size; without branches so
    /// that loops over it vectorise. (On x86-64 without F16C, `Float16(Float)` is a library call an
    /// element.)
    @inlinable
    public static func bits(_ value: Float) -> UInt16 {
        let sign = value.bitPattern >> 16 & 0x8000
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        // Exponents are biased by 15 there and by 127 here. Half of the last bit is added, less a
        // little where that bit is even.
        let normal =
            (magnitude &+ 0xFFF &+ (magnitude >> 13 & 1)) >> 13 &- (127 - 15) << 10
        // Below 2^-14 a half counts in 2^-24, the last bit of a single from 1/2 to 1.
        let half: Float = 0.5
        let subnormal = (Float(bitPattern: magnitude) + half).bitPattern &- half.bitPattern
        let isNormal = magnitude >= (127 - 14) << 23
        return UInt16(truncatingIfNeeded: sign | (isNormal ? normal : subnormal))
    }

    /// The power of two by which values are divided before they become halves, so that the largest is
    /// from 2^14 to 2^15: 1 when all are 0. What is less than 2^-39 of the largest becomes 0.
    public static func scale(largest: Double) -> Double {
        guard largest > 0, largest.isFinite else { return 1 }
        // No less than the least normal double, which can be divided by.
        let exponent = max(Int(largest.exponent) - 14, Double.leastNormalMagnitude.exponent)
        return Double(sign: .plus, exponent: exponent, significand: 1)
    }
}
