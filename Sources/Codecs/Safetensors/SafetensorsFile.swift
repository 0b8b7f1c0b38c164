// safetensors (huggingface/safetensors, README "Format"): 8 bytes of little-endian header length, a
// JSON header, then the tensors' bytes without holes.

/// The named tensors and the metadata of a `.safetensors` file.
public struct SafetensorsFile: Sendable {
    /// The limit for headers of requests: 1 MiB, some ten thousand tensors.
    public static let requestHeaderBytesMax = 1 << 20
    /// The format's own limit, for files that the operator chose.
    public static let formatHeaderBytesMax = 100_000_000

    /// In the order of their bytes in the file; every name differs from the others.
    public let tensors: [(name: UTF8Text, view: TensorView)]
    /// The strings under `__metadata__`; empty when the file has none.
    public let metadata: [UTF8Text: UTF8Text]

    /// The metadata as `String`s, for files that the operator chose (see `UTF8Text`).
    public var metadataStrings: [String: String] {
        Dictionary(
            metadata.map { ($0.key.string, $0.value.string) },
            uniquingKeysWith: { first, _ in first
            })
    }

    /// The tensor of that name.
    public subscript(name: String) -> TensorView? {
        tensors.first { $0.name.equals(name) }?.view
    }

    /// Finds the tensors of a whole file and holds it to the rules of the format.
    ///
    /// The header begins with `{`, is UTF-8 and JSON, and has nothing but tensors of exactly `dtype`,
    /// `shape` and `data_offsets`, and `__metadata__` of strings; no name comes twice (compared octet
    /// by octet, as the reference does) or is longer than 256 bytes. Sorted by offset, the tensors follow one another from 0 to the end
    /// of the file without hole or overlap, and each is as long as its shape and dtype demand. F16,
    /// BF16, F32, F64 and integers are read; other dtypes are refused by name.
    public static func parse(
        _ bytes: Span<UInt8>, headerBytesMax: Int = requestHeaderBytesMax
    ) throws(SafetensorsError) -> SafetensorsFile {
        guard bytes.count >= 8 else { throw .truncated }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
        guard length <= UInt64(headerBytesMax) else { throw .headerTooLong(limit: headerBytesMax) }
        guard length <= UInt64(bytes.count - 8) else { throw .truncated }
        let dataStart = 8 + Int(length)
        let header = try SafetensorsHeader(bytes.extracting(8..<dataStart))
        let entries = header.entries.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }

        var tensors: [(name: UTF8Text, view: TensorView)] = []
        tensors.reserveCapacity(entries.count)
        var end = 0
        let dataCount = bytes.count - dataStart
        for entry in entries {
            guard entry.begin == end, entry.begin <= entry.end else {
                throw .offsetsNotContiguous(tensor: entry.name.printable)
            }
            guard entry.end <= dataCount else { throw .truncated }
            tensors.append((entry.name, try view(of: entry, dataStart: dataStart)))
            end = entry.end
        }
        guard end == dataCount else { throw .trailingBytes(count: dataCount - end) }
        return SafetensorsFile(tensors: tensors, metadata: header.metadata)
    }

    private static func view(
        of entry: SafetensorsHeader.Entry, dataStart: Int
    ) throws(SafetensorsError) -> TensorView {
        let view = TensorView(
            elementType: entry.elementType, shape: entry.shape,
            byteRange: dataStart + entry.begin..<dataStart + entry.end)
        guard let view else { throw .sizeMismatch(tensor: entry.name.printable) }
        return view
    }
}
