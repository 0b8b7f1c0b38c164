/// A content coding of HTTP that is read (RFC 9110 §8.4.1).
public enum ContentCoding: String, Sendable, CaseIterable {
    /// One member of a gzip file (RFC 1952).
    case gzip
    /// A zlib stream (RFC 1950); deflate data without its wrapper is not meant by the name.
    case deflate
}

/// Why a coded body was refused.
public enum ContentCodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It decodes to more bytes than are allowed.
    case tooLarge(bytesMax: Int)
    case truncated
    /// It is not of the coding, or its checksum is wrong.
    case damaged
    /// Bytes follow the end; a second gzip member as well.
    case trailingBytes
    case outOfMemory
    /// Nobody waits for the bytes any more.
    case cancelled

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .tooLarge(let bytesMax):
            "The body decodes to more than \(bytesMax) bytes; send less at a time."
        case .truncated: "The compressed body is cut short; send the whole of it."
        case .damaged:
            "The compressed body is damaged or not of its Content-Encoding: gzip is RFC 1952, deflate"
                + " the zlib format of RFC 1950."
        case .trailingBytes:
            "The compressed body has bytes behind its end; send one gzip member or zlib stream."
        case .outOfMemory: "There is not enough memory to decode the body; send less at a time."
        case .cancelled: "The body was not decoded in time; allow more or send less."
        }
    }
}

extension ContentCoding {
    /// Bytes between two looks at whether anybody still waits; the size of the scratch memory.
    private static let sliceBytes = 1 << 16

    /// How many bytes a body decodes to. All of it is inflated and checked, and nothing is kept, so
    /// that memory can be asked for before it is taken: a body of zeros is 1,032 times as long as
    /// its code.
    ///
    /// - Parameters:
    ///   - bytesMax: inflating ends at one byte more.
    ///   - isCancelled: asked every 64 KiB.
    public func decodedByteCount(
        of body: Span<UInt8>, bytesMax: Int, isCancelled: () -> Bool = { false }
    ) throws(ContentCodingError) -> Int {
        var scratch = [UInt8](repeating: 0, count: Self.sliceBytes)
        var inflater = try Inflater(self)
        var used = 0
        var count = 0
        while true {
            guard !isCancelled() else { throw .cancelled }
            var output = scratch.mutableSpan
            let step = inflater.step(
                body.extracting(used..<body.count), into: &output, at: 0..<Self.sliceBytes)
            used += step.used
            count += step.given
            guard count <= bytesMax else { throw .tooLarge(bytesMax: bytesMax) }
            if try step.isEnd(at: used, of: body.count) { return count }
        }
    }

    /// The bytes of a body whose decoded count is known.
    ///
    /// - Parameter byteCount: from `decodedByteCount(of:bytesMax:isCancelled:)`.
    /// - Throws: `damaged` for another count.
    public func decode(
        _ body: Span<UInt8>, byteCount: Int, isCancelled: () -> Bool = { false }
    ) throws(ContentCodingError) -> [UInt8] {
        // One byte of room beyond the count: the end of the stream is read with room left.
        var bytes = [UInt8](repeating: 0, count: byteCount + 1)
        var inflater = try Inflater(self)
        var used = 0
        var count = 0
        while true {
            guard !isCancelled() else { throw .cancelled }
            var output = bytes.mutableSpan
            let step = inflater.step(
                body.extracting(used..<body.count), into: &output,
                at: count..<min(count + Self.sliceBytes, byteCount + 1))
            used += step.used
            count += step.given
            guard count <= byteCount else { throw .damaged }
            if try step.isEnd(at: used, of: body.count) { break }
        }
        guard count == byteCount else { throw .damaged }
        bytes.removeLast()
        return bytes
    }
}
