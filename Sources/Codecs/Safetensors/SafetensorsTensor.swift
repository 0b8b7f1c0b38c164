/// A tensor to be written: its elements, in pieces that follow one another.
public struct SafetensorsTensor: Sendable {
    /// Its name.
    public let name: String
    /// Dimensions, slowest first in C order.
    public let shape: [Int]
    let pieces: [TensorElements]

    /// A tensor of pieces of one type, of which there is one or more.
    public init(_ name: String, shape: [Int], _ pieces: [TensorElements]) {
        self.name = name
        self.shape = shape
        self.pieces = pieces
        precondition(
            Set(pieces.map(\.elementType)).count == 1
                && byteCount == TensorView.byteCount(shape: shape, elementType: elementType),
            "the shape does not describe the values")
    }

    /// F64
    public init(_ name: String, shape: [Int], float64 values: [Double]) {
        self.init(name, shape: shape, [.float64(values)])
    }

    /// U8, one dimension.
    public init(_ name: String, bytes: [UInt8]) {
        self.init(name, shape: [bytes.count], [.uint8(bytes)])
    }

    /// What the bytes of an element are.
    public var elementType: ElementType { pieces[0].elementType }

    /// The elements, little-endian in C order.
    public var bytes: [UInt8] { bytes(checking: {}) }

    /// The same.
    /// - Throws: what `check` throws, which is asked again and again.
    public func bytes<Failure: Error>(
        checking check: () throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        try pieces.bytes(checking: check)
    }

    /// How many bytes that is.
    public var byteCount: Int { pieces.reduce(0) { $0 + $1.byteCount } }

    fileprivate func member(at begin: Int) -> JSON.Member {
        JSON.Member(
            name,
            [
                "dtype": .string(elementType.safetensorsName),
                "shape": .array(shape.map(JSON.integer)),
                "data_offsets": [.integer(begin), .integer(begin + byteCount)],
            ])
    }
}

extension SafetensorsFile {
    /// Encodes tensors of any type, in the order given; the header is padded so that the data begins on
    /// an 8-byte boundary, and tensors whose sizes are multiples of 8 keep to it.
    ///
    /// - Parameter check: asked again and again whether to go on.
    /// - Precondition: names are unique and none is `__metadata__`.
    /// - Throws: what `check` throws.
    public static func encode<Failure: Error>(
        _ tensors: [SafetensorsTensor], metadata: [String: String],
        checking check: () throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
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
            offset += tensor.byteCount
        }
        var header = JSON.object(members).encode()
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var file: [UInt8] = []
        file.reserveCapacity(8 + header.count + offset)
        for index in 0..<8 { file.append(UInt8(truncatingIfNeeded: header.count >> (8 * index))) }
        file += header
        for tensor in tensors {
            for piece in tensor.pieces { try piece.append(to: &file, checking: check) }
        }
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
