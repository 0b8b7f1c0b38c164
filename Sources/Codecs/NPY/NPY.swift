// numpy's .npy files (NEP 1; numpy/lib/_format_impl.py): a magic string, a version, a Python dict
// literal and the elements.

/// Reading and writing of `.npy`, versions 1.0, 2.0 and 3.0.
public enum NPY {
    /// numpy refuses to evaluate longer headers too (`_MAX_HEADER_SIZE`).
    public static let headerBytesMax = 10_000

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Finds the array of a whole file.
    ///
    /// dtypes are integers of 1, 2, 4 and 8 bytes and floats of 2, 4 and 8, in either byte order, and
    /// arrays are in C or Fortran order: what `numpy.save` writes of a transposed array. Refused, each
    /// with its reason, are object (never unpickled), structured and all other dtypes, and a file with
    /// fewer or more bytes after the header than the shape needs.
    /// The header is a literal of exactly the keys `descr`, `fortran_order` and `shape`, each once;
    /// it is scanned, never evaluated. Python 2's long integers (`3L`) are not read.
    public static func parse(_ bytes: Span<UInt8>) throws(NPYError) -> TensorView {
        let headerRange = try headerRange(of: bytes)
        let header = try NPYHeader(bytes.extracting(headerRange))
        guard
            let needed = TensorView.byteCount(
                shape: header.shape, elementType: header.elementType)
        else { throw .tooLarge }
        let data = headerRange.upperBound..<bytes.count
        guard
            let view = TensorView(
                elementType: header.elementType, shape: header.shape, byteRange: data,
                isBigEndian: header.isBigEndian, isFortranOrder: header.isFortranOrder)
        else { throw .wrongDataLength(expected: needed, actual: data.count) }
        return view
    }

    private static func headerRange(of bytes: Span<UInt8>) throws(NPYError) -> Range<Int> {
        guard bytes.count >= magic.count, magic.indices.allSatisfy({ bytes[$0] == magic[$0] })
        else { throw .notNPY }
        guard bytes.count >= 8 else { throw .truncated }
        let lengthBytes: Int
        switch (bytes[6], bytes[7]) {
        case (1, 0): lengthBytes = 2
        case (2, 0), (3, 0): lengthBytes = 4
        default: throw .unsupportedVersion
        }
        let start = 8 + lengthBytes
        guard bytes.count >= start else { throw .truncated }
        let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
        guard length <= headerBytesMax else { throw .headerTooLong }
        guard length <= bytes.count - start else { throw .truncated }
        return start..<start + length
    }

    /// A version 1.0 file of `<f4` in C order, its data on a 64-byte boundary as numpy writes it.
    ///
    /// - Precondition: `values.count` is the product of `shape`.
    public static func encode(shape: [Int], float32 values: [Float]) -> [UInt8] {
        encode(shape: shape, float32: values, checking: {})
    }

    /// The same.
    /// - Throws: what `check` throws, which is asked again and again.
    public static func encode<Failure: Error>(
        shape: [Int], float32 values: [Float], checking check: () throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        precondition(
            TensorView.byteCount(shape: shape, elementType: .float32) == 4 * values.count,
            "the shape does not describe the values")
        let dimensions = shape.map { "\($0)" }.joined(separator: ", ")
        let tuple = shape.count == 1 ? "(\(dimensions),)" : "(\(dimensions))"
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(tuple), }"
        let preamble = magic.count + 4
        let unpadded = preamble + header.utf8.count + 1
        header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"

        var file: [UInt8] = []
        file.reserveCapacity(preamble + header.utf8.count + 4 * values.count)
        file += magic + [1, 0, UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)]
        file += header.utf8
        try values.append(to: &file, checking: check)
        return file
    }
}
