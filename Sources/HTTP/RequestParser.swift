// Requests out of bytes: pure, and restartable at any byte.

import HTTPTypes

/// Reads one request after another from bytes that arrive in any pieces.
///
/// The caller feeds bytes and acts on events: after `.head` it calls `beginBody` when the head
/// declares a body, or `reset` when it does not; after `.body`, `reset`; after `.failure` nothing
/// more can be read, since the framing is lost.
public struct RequestParser: Sendable {
    /// What the bytes amounted to.
    public enum Event: Sendable {
        /// A whole request head with sound framing.
        case head(RequestHead)
        /// The whole body, without its transfer coding.
        case body([UInt8])
        /// The bytes are refused, and whatever follows them.
        case failure(HTTPProtocolError)
    }

    private enum State: Sendable {
        case requestLine
        case fields(RequestLine)
        case headComplete
        case fixedBody(remaining: Int, declared: Int)
        case chunkedBody(ChunkedDecoder)
        case failed
    }

    /// Room in a request line for the method, the version and two spaces.
    private static let requestLineBytesBesideTarget = 64

    private let limits: HTTPServerLimits
    private var state = State.requestLine
    private var lines = LineReader()
    /// The fields of the head that is being read.
    private(set) var fields = HTTPFields()
    private var headBytes = 0
    private var bodyBytes: [UInt8] = []
    private var keepsBody = true
    private var head: RequestHead?

    /// A parser at the start of a request.
    public init(limits: HTTPServerLimits) {
        self.limits = limits
    }

    /// Whether any byte of a request was read; an empty line before it is not one.
    public var hasStarted: Bool {
        if case .requestLine = state { return lines.isInsideLine }
        return true
    }

    /// The method, once the request line is complete.
    public private(set) var method: HTTPRequest.Method?

    /// Takes bytes up to the next event or to their end.
    ///
    /// Returns how many were taken, and the event; nil means that all were and more are needed.
    public mutating func parse(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event?) {
        var offset = 0
        do throws(HTTPProtocolError) {
            let event = try step(bytes, from: &offset)
            return (offset, event)
        } catch {
            state = .failed
            return (offset, .failure(error))
        }
    }

    /// Starts to read the body that the head just parsed declares.
    ///
    /// Bytes are kept as they arrive, so a declared length takes no memory by itself; with
    /// `keepsBytes` false they are only counted, and the `.body` event is empty.
    /// A declared length over `bytesMax` is the caller's to refuse; a chunked body over it becomes a
    /// `.failure`.
    public mutating func beginBody(bytesMax: Int, keepsBytes: Bool = true) {
        guard case .headComplete = state, let framing = head?.framing else {
            preconditionFailure("beginBody comes after the head event")
        }
        keepsBody = keepsBytes
        switch framing {
        case .none:
            preconditionFailure("this request has no body")
        case .length(let length):
            precondition(length <= bytesMax, "a declared length over the limit is not read")
            state = .fixedBody(remaining: length, declared: length)
        case .chunked:
            state = .chunkedBody(ChunkedDecoder(bytesMax: bytesMax, keepsBytes: keepsBytes))
        }
    }

    /// Forgets the request that was read, and the memory it took.
    public mutating func reset() {
        self = RequestParser(limits: limits)
    }

    /// How many bytes are certainly of this request's body: a reader may ask for so many at once.
    public var bodyBytesRemaining: Int {
        if case .fixedBody(let remaining, _) = state { return remaining }
        return 0
    }

    private mutating func step(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(HTTPProtocolError) -> Event? {
        while offset < bytes.count {
            switch state {
            case .requestLine:
                try readRequestLine(bytes, from: &offset)
            case .fields(let line):
                guard try readField(bytes, from: &offset) else { break }
                let head = try RequestHead(line: line, fields: fields)
                finishHead(head)
                return .head(head)
            case .fixedBody(let remaining, let declared):
                let count = min(remaining, bytes.count - offset)
                append(bytes.extracting(offset..<offset + count), declared: declared)
                offset += count
                guard count == remaining else {
                    state = .fixedBody(remaining: remaining - count, declared: declared)
                    break
                }
                return finishBody()
            case .chunkedBody(var decoder):
                state = .failed
                guard try decoder.decode(bytes, from: &offset, into: &bodyBytes) else {
                    state = .chunkedBody(decoder)
                    break
                }
                return finishBody()
            case .headComplete, .failed:
                preconditionFailure("the last event was not acted on")
            }
        }
        return nil
    }

    private mutating func readRequestLine(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(HTTPProtocolError) {
        let lineMax = limits.uriBytesMax + Self.requestLineBytesBesideTarget
        guard try readLine(bytes, from: &offset, lineBytesMax: lineMax) else { return }
        // RFC 9112 §2.2: empty lines before a request line are ignored; they count as head bytes.
        guard !lines.line.isEmpty else { return }
        let line = try RequestLine(parsing: lines.line, uriBytesMax: limits.uriBytesMax)
        method = line.method
        state = .fields(line)
    }

    /// True at the empty line that ends the head.
    private mutating func readField(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(HTTPProtocolError) -> Bool {
        guard try readLine(bytes, from: &offset, lineBytesMax: .max) else { return false }
        guard !lines.line.isEmpty else { return true }
        let field = try FieldLine.parse(lines.line)
        guard fields.count < limits.headersMax else {
            throw .tooManyHeaders(limit: limits.headersMax)
        }
        fields.append(field)
        return false
    }

    /// Reads a line within what is left of the head's budget.
    private mutating func readLine(
        _ bytes: Span<UInt8>, from offset: inout Int, lineBytesMax: Int
    ) throws(HTTPProtocolError) -> Bool {
        let budget = max(0, limits.headerBytesMax - headBytes)
        switch lines.read(bytes, from: &offset, lineBytesMax: min(lineBytesMax, budget)) {
        case .needMore: return false
        case .malformed(let reason): throw .badRequest(reason: reason)
        case .tooLong where lineBytesMax <= budget: throw .uriTooLong(limit: limits.uriBytesMax)
        case .tooLong: throw .headersTooLarge(limit: limits.headerBytesMax)
        case .line:
            headBytes += lines.line.count + 2
            guard headBytes <= limits.headerBytesMax else {
                throw .headersTooLarge(limit: limits.headerBytesMax)
            }
            return true
        }
    }

    private mutating func finishHead(_ head: RequestHead) {
        state = .headComplete
        self.head = head
        fields = HTTPFields()
        lines.reset()
    }

    private mutating func finishBody() -> Event {
        state = .failed
        let body = bodyBytes
        bodyBytes = []
        return .body(body)
    }

    /// Grows eightfold, yet never past the declared length. What is reserved beyond the bytes that
    /// came is address space: its pages take no memory until they are written.
    private mutating func append(_ bytes: Span<UInt8>, declared: Int) {
        guard keepsBody else { return }
        let needed = bodyBytes.count + bytes.count
        if needed > bodyBytes.capacity {
            bodyBytes.reserveCapacity(max(needed, min(declared, 8 * bodyBytes.capacity)))
        }
        bodyBytes.append(bytes)
    }
}
