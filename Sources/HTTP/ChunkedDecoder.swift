// The chunked transfer coding, RFC 9112 §7.1.

/// Takes chunked bytes in any pieces and appends the decoded ones to a body.
///
/// Stricter than a reader must be: CRLF only (erratum 7633 says that a bare LF never ends a chunk
/// line), and a limit on everything around the data.
struct ChunkedDecoder: Sendable {
    /// What chunk lines may weigh beyond 16 bytes and twice the data of each chunk, so that a body
    /// of one-byte chunks with long extensions is not a way to send 200 times the limit.
    static let overheadBytesMax = 16 * 1024

    private enum State: Sendable {
        case size
        case data(remaining: Int)
        case dataCR
        case dataLF
        case trailer
        case done
    }

    private let bytesMax: Int
    private let keepsBytes: Bool
    private var state = State.size
    private var lines = LineReader()
    private(set) var decodedBytes = 0
    private var overheadBytes = 0
    private var trailerBytes = 0

    /// A decoder that refuses to decode more than `bytesMax` bytes, and that only counts them when
    /// `keepsBytes` is false.
    init(bytesMax: Int, keepsBytes: Bool = true) {
        self.bytesMax = bytesMax
        self.keepsBytes = keepsBytes
    }

    /// Decodes from `offset` on; true when the last chunk and the trailers are complete, false when
    /// all bytes were taken and more are needed.
    ///
    /// Throws `badRequest`, `bodyTooLarge` or `headersTooLarge` (trailers); the decoder is of no
    /// use after that.
    mutating func decode(
        _ bytes: Span<UInt8>, from offset: inout Int, into body: inout [UInt8]
    ) throws(HTTPProtocolError) -> Bool {
        while offset < bytes.count {
            switch state {
            case .size:
                guard try readLine(bytes, from: &offset, max: HTTPServerLimits.chunkLineBytesMax)
                else { break }
                try beginChunk(size: parseSize())
            case .data(let remaining):
                let count = min(remaining, bytes.count - offset)
                if keepsBytes { body.append(bytes.extracting(offset..<offset + count)) }
                offset += count
                state = count == remaining ? .dataCR : .data(remaining: remaining - count)
            case .dataCR:
                try take(ASCII.carriageReturn, bytes, from: &offset)
                state = .dataLF
            case .dataLF:
                try take(ASCII.lineFeed, bytes, from: &offset)
                state = .size
            case .trailer:
                guard try readTrailer(bytes, from: &offset) else { break }
                state = .done
                return true
            case .done:
                return true
            }
        }
        return false
    }

    private mutating func readLine(
        _ bytes: Span<UInt8>, from offset: inout Int, max: Int
    ) throws(HTTPProtocolError) -> Bool {
        switch lines.read(bytes, from: &offset, lineBytesMax: max) {
        case .needMore: return false
        case .line: return true
        case .malformed(let reason): throw .badRequest(reason: reason)
        case .tooLong:
            if case .trailer = state {
                throw .headersTooLarge(limit: HTTPServerLimits.trailerBytesMax)
            }
            throw .badRequest(reason: "A chunk-size line is over \(max) bytes.")
        }
    }

    /// `1*HEXDIG chunk-ext`. Extensions are checked and then ignored (RFC 9112 §7.1.1).
    private func parseSize() throws(HTTPProtocolError) -> Int {
        let digits = lines.line.prefix { ASCII.hexValue($0) != nil }
        guard !digits.isEmpty else {
            throw .badRequest(reason: "A chunk size must be a hexadecimal number.")
        }
        guard ChunkExtensions.isValid(lines.line[digits.endIndex...]) else {
            throw .badRequest(reason: "Chunk extensions must be ;name or ;name=value.")
        }
        var size = 0
        for digit in digits.compactMap(ASCII.hexValue) {
            // Checked before the shift, so a size of any length cannot wrap.
            guard size <= bytesMax else { throw .bodyTooLarge(limit: bytesMax, actual: nil) }
            size = size << 4 | Int(digit)
        }
        return size
    }

    private mutating func beginChunk(size: Int) throws(HTTPProtocolError) {
        guard size > 0 else {
            state = .trailer
            return
        }
        guard size <= bytesMax - decodedBytes else {
            throw .bodyTooLarge(limit: bytesMax, actual: nil)
        }
        decodedBytes += size
        overheadBytes = max(0, overheadBytes + lines.line.count - 16 - 2 * size)
        guard overheadBytes <= Self.overheadBytesMax else {
            throw .badRequest(reason: "The chunk extensions are longer than the data.")
        }
        state = .data(remaining: size)
    }

    /// True at the empty line. Trailer fields must be well formed and are then dropped.
    private mutating func readTrailer(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(HTTPProtocolError) -> Bool {
        let budget = HTTPServerLimits.trailerBytesMax - trailerBytes
        guard try readLine(bytes, from: &offset, max: budget) else { return false }
        guard !lines.line.isEmpty else { return true }
        _ = try FieldLine.parse(lines.line)
        trailerBytes = min(HTTPServerLimits.trailerBytesMax, trailerBytes + lines.line.count + 2)
        return false
    }

    private func take(
        _ expected: UInt8, _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(HTTPProtocolError) {
        guard bytes[offset] == expected else {
            throw .badRequest(reason: "Chunk data must be as long as its size and end with CRLF.")
        }
        offset += 1
    }
}

extension [UInt8] {
    /// Appends a span in one copy.
    mutating func append(_ span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
