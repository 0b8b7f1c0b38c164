// Request heads out of bytes: pure, and restartable at any byte.

import HTTPTypes

/// Reads one head after another from bytes that arrive in any pieces. What follows a head that
/// declares a body is for a `BodyReader`; the next head comes after that.
public struct RequestParser: Sendable {
    /// What the bytes amounted to.
    public enum Event: Sendable {
        /// A whole request head with sound framing.
        case head(RequestHead)
        /// The bytes are refused, and whatever follows them: the framing is lost.
        case failure(HTTPProtocolError)
    }

    private enum State: Sendable {
        case requestLine
        case fields(RequestLine)
        case failed(HTTPProtocolError)
    }

    /// Room in a request line for the method, the version and two spaces.
    private static let requestLineBytesBesideTarget = 64

    private let limits: HTTPServerLimits
    private var state = State.requestLine
    private var lines = LineReader()
    private var headBytes = 0
    /// The fields of the head that is being read.
    private(set) var fields = HTTPFields()
    /// The method of the head that is being read, once its request line is complete.
    public private(set) var method: HTTPRequest.Method?

    /// A parser at the start of a request.
    public init(limits: HTTPServerLimits) {
        self.limits = limits
    }

    /// Whether any byte of a head was read; an empty line before it is not one.
    public var hasStarted: Bool {
        if case .requestLine = state { return lines.isInsideLine }
        return true
    }

    /// Takes bytes up to the end of a head or to their own.
    ///
    /// Returns how many were taken, and the event; nil means that all were and more are needed.
    /// After `.head` the next head may follow; after `.failure` there is nothing but that.
    public mutating func parse(_ bytes: Span<UInt8>) -> (consumed: Int, event: Event?) {
        var offset = 0
        do throws(HTTPProtocolError) {
            guard let head = try readHead(bytes, from: &offset) else { return (offset, nil) }
            self = RequestParser(limits: limits)
            return (offset, .head(head))
        } catch {
            state = .failed(error)
            return (offset, .failure(error))
        }
    }

    private mutating func readHead(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(HTTPProtocolError) -> RequestHead? {
        while offset < bytes.count {
            switch state {
            case .requestLine:
                try readRequestLine(bytes, from: &offset)
            case .fields(let line):
                guard try readField(bytes, from: &offset) else { break }
                return try RequestHead(line: line, fields: fields)
            case .failed(let error):
                throw error
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
}
