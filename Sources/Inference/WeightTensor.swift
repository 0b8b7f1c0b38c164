/// One named tensor of a weights file: a view of little-endian, C-order values that are not copied.
public struct WeightTensor: @unchecked Sendable {
    // Unchecked: the bytes are read-only for as long as `owner` lives, which is as long as this does.

    /// How the values are stored.
    public enum ElementType: Sendable, Equatable {
        /// IEEE 754 half precision, `F16`.
        case float16
        /// The upper half of single precision, `BF16`.
        case bfloat16
        /// IEEE 754 single precision, `F32`.
        case float32
        /// Any other type, by its name in the file; a network refuses it where it needs the values.
        case other(String)

        var byteCount: Int? {
            switch self {
            case .float16, .bfloat16: 2
            case .float32: 4
            case .other: nil
            }
        }
    }

    /// The name in the file, such as `features.0.weight`.
    public let name: String
    /// How the values are stored.
    public let elementType: ElementType
    /// The dimensions, slowest first.
    public let shape: [Int]
    package let bytes: UnsafeRawBufferPointer
    private let owner: (any AnyObject & Sendable)?

    /// A view of `bytes`, which must stay valid and unchanged while `owner` lives (forever when nil).
    public init(
        name: String, elementType: ElementType, shape: [Int], bytes: UnsafeRawBufferPointer,
        owner: (any AnyObject & Sendable)?
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
        self.owner = owner
    }

    /// The number of values: the product of the shape.
    public var count: Int { shape.reduce(1, *) }

    /// Bytes of the values as they are stored.
    package var byteCount: Int { bytes.count }

    /// Whether the bytes are exactly what type and shape ask for.
    var hasConsistentByteCount: Bool {
        elementType.byteCount.map { bytes.count == count * $0 } ?? false
    }

    /// Converts the values from `start` on to single precision until `values` is full.
    ///
    /// The conversions are exact. Infinities and NaN of half precision do not survive: see `isFinite`.
    public func read(from start: Int, into values: UnsafeMutableBufferPointer<Float>) {
        precondition(hasConsistentByteCount && start >= 0 && start + values.count <= count)
        guard let output = values.baseAddress, let input = bytes.baseAddress else { return }
        switch elementType {
        case .float16:
            let halves = input + 2 * start
            for i in 0..<values.count {
                let half = halves.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
                output[i] = Self.float(half: UInt32(UInt16(littleEndian: half)))
            }
        case .bfloat16:
            let halves = input + 2 * start
            for i in 0..<values.count {
                let half = halves.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
                output[i] = Float(bitPattern: UInt32(UInt16(littleEndian: half)) << 16)
            }
        case .float32:
            let words = input + 4 * start
            for i in 0..<values.count {
                let word = words.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                output[i] = Float(bitPattern: UInt32(littleEndian: word))
            }
        case .other:
            break
        }
    }

    /// Every value in single precision.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { values, initializedCount in
            read(from: 0, into: UnsafeMutableBufferPointer(rebasing: values[..<count]))
            initializedCount = count
        }
    }

    /// Whether no value is an infinity or NaN. Reads every byte once.
    public var isFinite: Bool {
        precondition(hasConsistentByteCount)
        guard let input = bytes.baseAddress else { return true }
        if elementType == .float32 {
            var largest: UInt32 = 0
            for i in 0..<count {
                let word = input.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                largest = max(largest, UInt32(littleEndian: word) & 0x7FFF_FFFF)
            }
            return largest < 0x7F80_0000
        }
        var largest: UInt16 = 0
        for i in 0..<count {
            let half = input.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
            largest = max(largest, UInt16(littleEndian: half) & 0x7FFF)
        }
        return largest < (elementType == .float16 ? 0x7C00 : 0x7F80)
    }

    // The exponent bias of single precision is 127, of half 15: moving the bits into place leaves
    // the value 2^112 too small, subnormals included. Branch-free, so the loop above vectorises
    // on processors without F16C, where `Float(Float16)` is a library call.
    private static func float(half: UInt32) -> Float {
        let magnitude = Float(bitPattern: (half & 0x7FFF) << 13) * 0x1p112
        return Float(bitPattern: magnitude.bitPattern | (half & 0x8000) << 16)
    }
}
