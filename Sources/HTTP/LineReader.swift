// Lines of a request head, of chunk sizes and of trailers, put together from whatever pieces arrive.

/// Collects one CRLF-terminated line at a time.
///
/// Lines end with CRLF only. RFC 9112 §2.2 lets a server take a bare LF; refusing it leaves nothing
/// for two parsers in a row to disagree about. A CR without LF, NUL and the other control bytes are
/// refused where they stand, so the verdict never depends on how the bytes were split.
package struct LineReader: Sendable {
    package enum Result {
        case needMore
        /// `line` holds the line without its CRLF, until the next call.
        case line
        case tooLong
        case malformed(reason: String)
    }

    package private(set) var line: [UInt8] = []
    private var endsWithCR = false
    private var isComplete = false

    package init() {}

    /// Whether a byte of an unfinished line has been seen.
    package var isInsideLine: Bool { !isComplete && (endsWithCR || !line.isEmpty) }

    /// Takes bytes from `offset` on, up to the end of the line or of `bytes`.
    package mutating func read(
        _ bytes: Span<UInt8>, from offset: inout Int, lineBytesMax: Int
    ) -> Result {
        if isComplete {
            line.removeAll(keepingCapacity: true)
            isComplete = false
        }
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == ASCII.lineFeed {
                guard endsWithCR else { return .malformed(reason: "A line must end with CRLF.") }
                endsWithCR = false
                isComplete = true
                return .line
            }
            guard !endsWithCR else {
                return .malformed(reason: "A carriage return must be followed by a line feed.")
            }
            if byte == ASCII.carriageReturn {
                endsWithCR = true
                continue
            }
            guard !ASCII.isControl(byte) else {
                return .malformed(reason: "Control characters are not allowed here.")
            }
            guard line.count < lineBytesMax else { return .tooLong }
            line.append(byte)
        }
        return .needMore
    }
}
