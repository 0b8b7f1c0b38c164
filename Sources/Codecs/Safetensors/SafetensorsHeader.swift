/// The JSON of a safetensors header, read member by member: its depth is fixed by its shape, and no
/// tree is built of it.
struct SafetensorsHeader {
    struct Entry {
        let name: UTF8Text
        let elementType: ElementType
        let shape: [Int]
        /// `data_offsets`: where the tensor begins and ends, counted from the end of the header.
        let begin: Int
        let end: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var metadata: [UTF8Text: UTF8Text] = [:]

    init(_ header: Span<UInt8>) throws(SafetensorsError) {
        guard !header.isEmpty, header[0] == UInt8(ascii: "{") else {
            throw .malformedHeader(.notObject)
        }
        do {
            _ = try UTF8Span(validating: header)
        } catch {
            throw .malformedHeader(.notUTF8)
        }
        var reader = JSONReader(unsafe header.withUnsafeBufferPointer { unsafe Array($0) }[...])
        var object = try Self.object(&reader)
        while let name = try Self.name(&reader, &object) {
            if name == "__metadata__" {
                metadata = try Self.metadata(&reader)
            } else {
                entries.append(try Self.entry(name, &reader))
            }
        }
        guard reader.peek() == nil else { throw .malformedHeader(.notObject) }
    }

    private static func object(
        _ reader: inout JSONReader
    ) throws(SafetensorsError) -> JSONReader.Object {
        do {
            return try reader.object()
        } catch {
            throw .malformedHeader(.notObject)
        }
    }

    /// The next name of an object.
    ///
    /// - Parameter duplicate: what it means when a name comes twice; nil for the name's own error.
    private static func name(
        _ reader: inout JSONReader, _ object: inout JSONReader.Object,
        duplicate: SafetensorsError? = nil
    ) throws(SafetensorsError) -> UTF8Text? {
        do {
            return try reader.name(of: &object)
        } catch {
            guard let name = error.duplicateName else { throw .malformedHeader(.notObject) }
            throw duplicate ?? .duplicateName(name.printable)
        }
    }

    private static func text(
        _ reader: inout JSONReader, _ fault: SafetensorsError.HeaderFault
    ) throws(SafetensorsError) -> UTF8Text {
        do {
            return try reader.string()
        } catch {
            throw .malformedHeader(fault)
        }
    }

    private static func metadata(
        _ reader: inout JSONReader
    ) throws(SafetensorsError) -> [UTF8Text: UTF8Text] {
        var metadata: [UTF8Text: UTF8Text] = [:]
        var object = try object(&reader)
        while let key = try name(&reader, &object) {
            metadata[key] = try text(&reader, .metadata)
        }
        return metadata
    }

    private static func entry(
        _ tensor: UTF8Text, _ reader: inout JSONReader
    ) throws(SafetensorsError) -> Entry {
        var elementType: ElementType?
        var shape: [Int]?
        var offsets: [Int]?
        var object = try object(&reader)
        while let key = try name(&reader, &object, duplicate: .malformedHeader(.tensorKeys)) {
            switch key {
            case "dtype": elementType = try Self.elementType(of: tensor, &reader)
            case "shape":
                shape = try integers(&reader, countMax: TensorView.rankMax, fault: .shape)
            case "data_offsets": offsets = try integers(&reader, countMax: 2, fault: .offsets)
            default: throw .malformedHeader(.tensorKeys)
            }
        }
        guard let elementType, let shape, let offsets else { throw .malformedHeader(.tensorKeys) }
        guard offsets.count == 2 else { throw .malformedHeader(.offsets) }
        return Entry(
            name: tensor, elementType: elementType, shape: shape, begin: offsets[0],
            end: offsets[1])
    }

    private static func elementType(
        of tensor: UTF8Text, _ reader: inout JSONReader
    ) throws(SafetensorsError) -> ElementType {
        let dtype = try text(&reader, .tensorKeys)
        guard let type = ElementType.allCases.first(where: { dtype.equals($0.safetensorsName) })
        else {
            throw .unsupportedType(tensor: tensor.printable, dtype: dtype.printable)
        }
        return type
    }

    /// `[1, 2, …]` of non-negative integers.
    private static func integers(
        _ reader: inout JSONReader, countMax: Int, fault: SafetensorsError.HeaderFault
    ) throws(SafetensorsError) -> [Int] {
        var values: [Int] = []
        do {
            var array = try reader.array()
            while try reader.hasElement(of: &array) {
                guard values.count < countMax, case .integer(let value) = try reader.number(),
                    value >= 0
                else { throw SafetensorsError.malformedHeader(fault) }
                values.append(value)
            }
        } catch {
            throw .malformedHeader(fault)
        }
        return values
    }
}
