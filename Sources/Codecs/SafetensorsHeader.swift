/// The JSON of a safetensors header. JSON parsers lose duplicate keys, which the format forbids, so
/// the header is scanned here; its depth is fixed by its shape.
struct SafetensorsHeader {
    struct Entry {
        let name: String
        let elementType: ElementType
        let shape: [Int]
        /// `data_offsets`: where the tensor begins and ends, counted from the end of the header.
        let begin: Int
        let end: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]

    init(_ header: Span<UInt8>) throws(SafetensorsError) {
        guard !header.isEmpty, header[0] == UInt8(ascii: "{") else {
            throw .malformedHeader(.notObject)
        }
        do {
            _ = try UTF8Span(validating: header)
        } catch {
            throw .malformedHeader(.notUTF8)
        }
        var scanner = ByteScanner(header)
        var names: Set<String> = []
        try Self.object(&scanner) { (name, scanner) throws(SafetensorsError) in
            guard names.insert(name).inserted else { throw .duplicateName(name) }
            if name == "__metadata__" {
                metadata = try Self.metadata(&scanner)
            } else {
                entries.append(try Self.entry(name, &scanner))
            }
        }
        guard scanner.peek() == nil else { throw .malformedHeader(.notObject) }
    }

    /// `{"key": value, …}`; `value` takes what follows each colon.
    private static func object(
        _ scanner: inout ByteScanner,
        value: (String, inout ByteScanner) throws(SafetensorsError) -> Void
    ) throws(SafetensorsError) {
        guard scanner.take("{") else { throw .malformedHeader(.notObject) }
        if scanner.take("}") { return }
        repeat {
            guard let key = scanner.jsonString(), scanner.take(":") else {
                throw .malformedHeader(.notObject)
            }
            try value(key, &scanner)
        } while scanner.take(",")
        guard scanner.take("}") else { throw .malformedHeader(.notObject) }
    }

    private static func metadata(
        _ scanner: inout ByteScanner
    ) throws(SafetensorsError) -> [String: String] {
        var metadata: [String: String] = [:]
        try object(&scanner) { (key, scanner) throws(SafetensorsError) in
            guard metadata[key] == nil else { throw .duplicateName(key) }
            guard let text = scanner.jsonString() else { throw .malformedHeader(.metadata) }
            metadata[key] = text
        }
        return metadata
    }

    private static func entry(
        _ name: String, _ scanner: inout ByteScanner
    ) throws(SafetensorsError) -> Entry {
        var elementType: ElementType?
        var shape: [Int]?
        var offsets: [Int]?
        try object(&scanner) { (key, scanner) throws(SafetensorsError) in
            switch key {
            case "dtype" where elementType == nil:
                elementType = try Self.elementType(of: name, &scanner)
            case "shape" where shape == nil:
                shape = try integers(&scanner, countMax: TensorView.rankMax, fault: .shape)
            case "data_offsets" where offsets == nil:
                offsets = try integers(&scanner, countMax: 2, fault: .offsets)
            default:
                throw .malformedHeader(.tensorKeys)
            }
        }
        guard let elementType, let shape, let offsets else { throw .malformedHeader(.tensorKeys) }
        guard offsets.count == 2 else { throw .malformedHeader(.offsets) }
        return Entry(
            name: name, elementType: elementType, shape: shape, begin: offsets[0], end: offsets[1])
    }

    private static func elementType(
        of name: String, _ scanner: inout ByteScanner
    ) throws(SafetensorsError) -> ElementType {
        guard let dtype = scanner.jsonString() else { throw .malformedHeader(.tensorKeys) }
        switch dtype {
        case "U8": return .uint8
        case "F16": return .float16
        case "BF16": return .bfloat16
        case "F32": return .float32
        case "F64": return .float64
        default: throw .unsupportedType(tensor: name, dtype: dtype)
        }
    }

    /// `[1, 2, …]` of non-negative integers.
    private static func integers(
        _ scanner: inout ByteScanner, countMax: Int, fault: SafetensorsError.HeaderFault
    ) throws(SafetensorsError) -> [Int] {
        guard scanner.take("[") else { throw .malformedHeader(fault) }
        var values: [Int] = []
        if scanner.take("]") { return values }
        repeat {
            guard values.count < countMax, let value = scanner.decimal() else {
                throw .malformedHeader(fault)
            }
            values.append(value)
        } while scanner.take(",")
        guard scanner.take("]") else { throw .malformedHeader(fault) }
        return values
    }
}
