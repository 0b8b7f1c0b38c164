/// A tensor to be written, of any element type, with its bytes as they stand in the file.
public struct SafetensorsTensor: Sendable {
    /// Its name.
    public let name: String
    /// What the bytes of an element are.
    public let elementType: ElementType
    /// Dimensions, slowest first in C order.
    public let shape: [Int]
    /// The elements, little-endian in C order.
    public let bytes: [UInt8]

    /// F32
    public init(_ name: String, shape: [Int], float32 values: [Float]) {
        self.init(name, .float32, shape, values.map(\.bitPattern.littleEndian))
    }

    /// F64
    public init(_ name: String, shape: [Int], float64 values: [Double]) {
        self.init(name, .float64, shape, values.map(\.bitPattern.littleEndian))
    }

    /// U8, one dimension.
    public init(_ name: String, bytes: [UInt8]) {
        self.init(name, .uint8, [bytes.count], bytes)
    }

    private init<Word: FixedWidthInteger & BitwiseCopyable>(
        _ name: String, _ elementType: ElementType, _ shape: [Int], _ words: [Word]
    ) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        bytes = unsafe words.withUnsafeBytes { unsafe Array($0) }
        precondition(
            bytes.count == TensorView.byteCount(shape: shape, elementType: elementType),
            "the shape does not describe the values")
    }

    fileprivate func member(at begin: Int) -> JSON.Member {
        JSON.Member(
            name,
            [
                "dtype": .string(elementType.safetensorsName),
                "shape": .array(shape.map(JSON.integer)),
                "data_offsets": [.integer(begin), .integer(begin + bytes.count)],
            ])
    }
}

extension SafetensorsFile {
    /// Encodes tensors of any type, in the order given; the header is padded so that the data begins on
    /// an 8-byte boundary, and tensors whose sizes are multiples of 8 keep to it.
    ///
    /// - Precondition: names are unique and none is `__metadata__`.
    public static func encode(
        _ tensors: [SafetensorsTensor], metadata: [String: String]
    ) -> [UInt8] {
        precondition(
            Set(tensors.map(\.name)).union(["__metadata__"]).count == tensors.count + 1,
            "tensor names must be unique")
        let pairs = metadata.sorted { $0.key < $1.key }
        var members = [
            JSON.Member(
                "__metadata__", .object(pairs.map { JSON.Member($0.key, .string($0.value)) }))
        ]
        var offset = 0
        for tensor in tensors {
            members.append(tensor.member(at: offset))
            offset += tensor.bytes.count
        }
        var header = JSON.object(members).encode()
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var file: [UInt8] = []
        file.reserveCapacity(8 + header.count + offset)
        for index in 0..<8 { file.append(UInt8(truncatingIfNeeded: header.count >> (8 * index))) }
        file += header
        for tensor in tensors { file += tensor.bytes }
        return file
    }
}

extension ElementType {
    /// The dtype of a safetensors header.
    var safetensorsName: String {
        switch self {
        case .uint8: "U8"
        case .uint16: "U16"
        case .uint32: "U32"
        case .uint64: "U64"
        case .int8: "I8"
        case .int16: "I16"
        case .int32: "I32"
        case .int64: "I64"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .float32: "F32"
        case .float64: "F64"
        }
    }
}
