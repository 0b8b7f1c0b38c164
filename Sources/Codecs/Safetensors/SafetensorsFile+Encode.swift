extension SafetensorsFile {
    /// Encodes F32 tensors, in the order given, with metadata sorted by key: equal input gives equal
    /// bytes. The header is padded with spaces so that the data begins on an 8-byte boundary.
    ///
    /// - Parameter fill: called once a tensor, in order, with its index in `tensors` and the place of
    ///   its elements, which are 0 before; large tensors are so written without a copy between.
    /// - Precondition: names are unique, none is `__metadata__`, and no dimension is negative.
    /// - Throws: what `fill` throws.
    public static func encode<Failure: Error>(
        _ tensors: [(name: String, shape: [Int])], metadata: [String: String],
        fill: (Int, inout MutableSpan<Float>) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        precondition(
            Set(tensors.map(\.name)).union(["__metadata__"]).count == tensors.count + 1,
            "tensor names must be unique")
        var members: [JSON.Member] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
            members.append(
                JSON.Member(
                    "__metadata__", .object(pairs.map { JSON.Member($0.key, .string($0.value)) })))
        }
        var offsets = [0]
        for (name, shape) in tensors {
            guard let count = TensorView.byteCount(shape: shape, elementType: .float32) else {
                preconditionFailure("a shape has no size")
            }
            let begin = offsets[offsets.count - 1]
            offsets.append(begin + count)
            members.append(tensorMember(name, shape, begin..<begin + count))
        }
        var header = JSON.object(members).encode()
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)

        let dataStart = 8 + header.count
        var file = [UInt8](repeating: 0, count: dataStart + offsets[offsets.count - 1])
        for index in 0..<8 {
            file[index] = UInt8(truncatingIfNeeded: header.count >> (8 * index))
        }
        file.replaceSubrange(8..<dataStart, with: header)
        // Array storage is 16-byte aligned and dataStart a multiple of 8, so Float may live there.
        let filled = unsafe file.withUnsafeMutableBytes { bytes -> Result<Void, Failure> in
            for index in tensors.indices {
                let range = dataStart + offsets[index]..<dataStart + offsets[index + 1]
                let elements = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range])
                    .bindMemory(to: Float.self)
                var span = unsafe elements.mutableSpan
                do throws(Failure) {
                    try fill(index, &span)
                } catch {
                    return .failure(error)
                }
            }
            return .success(())
        }
        try filled.get()
        return file
    }

    /// Encodes F32 tensors whose values are at hand.
    ///
    /// - Precondition: as above, and `values.count` is the product of `shape`.
    public static func encode(
        _ tensors: [(name: String, shape: [Int], values: [Float])], metadata: [String: String]
    ) -> [UInt8] {
        encode(tensors.map { ($0.name, $0.shape) }, metadata: metadata) { index, elements in
            let values = tensors[index].values
            precondition(values.count == elements.count, "the shape does not describe the values")
            for position in values.indices { elements[position] = values[position] }
        }
    }

    private static func tensorMember(
        _ name: String, _ shape: [Int], _ range: Range<Int>
    ) -> JSON.Member {
        JSON.Member(
            name,
            [
                "dtype": "F32", "shape": .array(shape.map(JSON.integer)),
                "data_offsets": [.integer(range.lowerBound), .integer(range.upperBound)],
            ])
    }
}
