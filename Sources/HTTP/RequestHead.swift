// A request line and its header fields, and what they say about framing: RFC 9112 §2.3, §3, §6, §9.3.

import HTTPTypes

/// How the end of a request's body is found (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// Content-Length: so many bytes, at least one; `Int.max` for a number beyond 64 bits.
    case length(Int)
    /// Transfer-Encoding: chunked.
    case chunked

    /// The length that the head declares; nil when chunked.
    public var declaredBytes: Int? {
        switch self {
        case .none: 0
        case .length(let bytes): bytes
        case .chunked: nil
        }
    }

    /// The fault of a length over a limit; a length that no `Int` holds is not told.
    public func tooLarge(limit: Int) -> HTTPProtocolError {
        .bodyTooLarge(limit: limit, actual: declaredBytes.flatMap { $0 < .max ? $0 : nil })
    }
}

/// What an `Expect` field asks for (RFC 9110 §10.1.1).
public enum RequestExpectation: Sendable, Equatable {
    /// Nothing, or the request is HTTP/1.0, whose expectations are ignored.
    case none
    /// `100 Continue` before the body is sent.
    case continueResponse
    /// Something that this server does not know.
    case unknown
}

/// A request head whose framing is sound.
public struct RequestHead: Sendable {
    /// The method token, as it was sent.
    public let method: HTTPRequest.Method
    /// 0 or 1; higher minor versions are read as 1 (RFC 9110 §2.5).
    public let minorVersion: Int
    /// The header fields in the order sent, without Host.
    public let fields: HTTPFields
    /// The value of Host; nil only in HTTP/1.0.
    public let host: String?
    /// The target, or why it is refused. A bad target does not harm the framing.
    public let target: Result<RequestTarget, HTTPProtocolError>
    /// How the body ends.
    public let framing: BodyFraming
    /// What `Expect` asks for.
    public let expectation: RequestExpectation
    /// Whether the client wants the connection to stay open (RFC 9112 §9.3).
    public let keepsAlive: Bool

    init(line: RequestLine, fields: HTTPFields) throws(HTTPProtocolError) {
        self.method = line.method
        self.minorVersion = line.minorVersion
        host = try Self.host(of: fields, minorVersion: line.minorVersion)
        self.fields = HTTPFields(fields.filter { !Self.isHost($0) })
        framing = try Self.framing(of: fields, line: line)
        expectation = Self.expectation(of: fields, minorVersion: line.minorVersion)
        keepsAlive = Self.keepsAlive(fields, minorVersion: line.minorVersion)
        do throws(HTTPProtocolError) {
            target = .success(try RequestTarget(parsing: line.target, method: line.method))
        } catch {
            target = .failure(error)
        }
    }

    /// RFC 9112 §3.2: exactly one valid Host in HTTP/1.1, at most one in HTTP/1.0.
    private static func host(
        of fields: HTTPFields, minorVersion: Int
    ) throws(HTTPProtocolError) -> String? {
        let hosts = fields.filter(isHost)
        guard hosts.count <= 1 else {
            throw .badRequest(reason: "The Host field must not be repeated.")
        }
        guard let host = hosts.first else {
            guard minorVersion == 0 else {
                throw .badRequest(reason: "An HTTP/1.1 request must have a Host field.")
            }
            return nil
        }
        guard unsafe host.withUnsafeBytesOfValue({ unsafe Authority.isValid($0) }) else {
            throw .badRequest(reason: "The Host field must be a host with an optional port.")
        }
        return host.value
    }

    /// swift-http-types has no public name for Host: its place is `HTTPRequest.authority`.
    private static func isHost(_ field: HTTPField) -> Bool {
        field.name.canonicalName == "host"
    }

    /// RFC 9112 §6.1 and §6.3, with every freedom they give taken as a refusal: two parsers that
    /// could disagree about the end of a body are a smuggling hole (§11.2).
    private static func framing(
        of fields: HTTPFields, line: RequestLine
    ) throws(HTTPProtocolError) -> BodyFraming {
        let codings = fields[fields: .transferEncoding]
        let lengths = fields[fields: .contentLength]
        if let coding = codings.first {
            guard lengths.isEmpty else {
                throw .badRequest(
                    reason: "Content-Length and Transfer-Encoding must not be sent together.")
            }
            guard line.minorVersion >= 1 else {
                throw .badRequest(reason: "HTTP/1.0 has no Transfer-Encoding.")
            }
            let isChunked = unsafe coding.withUnsafeBytesOfValue {
                unsafe ASCII.equals($0, "chunked")
            }
            guard codings.count == 1, isChunked else {
                throw .badRequest(reason: "The only Transfer-Encoding that is read is chunked.")
            }
            return .chunked
        }
        guard let field = lengths.first else {
            // RFC 1945 §8.3: HTTP/1.0 has no other way to tell where a body ends.
            if line.minorVersion == 0, [.post, .put, .patch].contains(line.method) {
                throw .lengthRequired
            }
            return .none
        }
        guard lengths.count == 1,
            let length = unsafe field.withUnsafeBytesOfValue({ unsafe ASCII.decimal($0) })
        else { throw .badRequest(reason: "Content-Length must be one decimal number.") }
        return length == 0 ? .none : .length(length)
    }

    private static func expectation(
        of fields: HTTPFields, minorVersion: Int
    ) -> RequestExpectation {
        guard minorVersion >= 1, let value = fields[.expect] else { return .none }
        return ASCII.equals(value.utf8, "100-continue") ? .continueResponse : .unknown
    }

    private static func keepsAlive(_ fields: HTTPFields, minorVersion: Int) -> Bool {
        let options = (fields[.connection] ?? "").utf8.split(separator: UInt8(ascii: ","))
            .map { ASCII.trimmed($0) }
        if options.contains(where: { ASCII.equals($0, "close") }) { return false }
        return minorVersion >= 1 || options.contains { ASCII.equals($0, "keep-alive") }
    }
}
