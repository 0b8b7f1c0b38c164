// The messages that cross the seam between the server and its handler.

import HTTPTypes

/// A request, with or without its body yet.
public struct HTTPServerRequest: Sendable {
    /// Method, `authority` (from the absolute form, else Host), `path` (the origin form with its
    /// query, as it was sent) and header fields without Host.
    public let head: HTTPRequest
    /// The percent-decoded path without the query.
    public let path: String
    /// The percent-decoded query parameters in order, duplicates kept; `+` is a space.
    public let query: [(name: String, value: String)]
    /// 0 or 1.
    public let minorVersion: Int
    /// The whole body without its transfer coding.
    public var body: [UInt8]
    /// When the first byte of this request arrived.
    public let receivedAt: ContinuousClock.Instant
    /// `127.0.0.1:51234`, or `unix`.
    public let clientDescription: String

    /// A request made by hand, for tests of a handler without a socket.
    public init(
        head: HTTPRequest, path: String, query: [(name: String, value: String)] = [],
        minorVersion: Int = 1, body: [UInt8] = [], receivedAt: ContinuousClock.Instant = .now,
        clientDescription: String = "test"
    ) {
        self.head = head
        self.path = path
        self.query = query
        self.minorVersion = minorVersion
        self.body = body
        self.receivedAt = receivedAt
        self.clientDescription = clientDescription
    }

    init(
        _ head: RequestHead, target: RequestTarget, receivedAt: ContinuousClock.Instant,
        clientDescription: String
    ) {
        self.init(
            head: HTTPRequest(
                method: head.method, scheme: "http",
                authority: target.authority ?? head.host, path: target.originForm,
                headerFields: head.fields),
            path: target.path, query: target.query, minorVersion: head.minorVersion,
            receivedAt: receivedAt, clientDescription: clientDescription)
    }
}

/// A response. The server adds Date, Connection and Content-Length, whatever `fields` says of them.
public struct HTTPServerResponse: Sendable {
    /// A final status, 200…599.
    public var status: HTTPResponse.Status
    /// The header fields.
    public var fields: HTTPFields
    /// The whole body. It is not sent for HEAD, 204 and 304; for HEAD its length is.
    public var body: [UInt8]
    /// Whether the connection closes after this response.
    public var closesConnection: Bool

    /// A response.
    public init(
        status: HTTPResponse.Status, fields: HTTPFields = [:], body: [UInt8] = [],
        closesConnection: Bool = false
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.closesConnection = closesConnection
    }
}

/// One request and what became of it, for logs and metrics.
public struct HTTPExchange: Sendable {
    /// How an exchange ended.
    public enum Outcome: Sendable, Hashable {
        /// The whole response was handed to the kernel.
        case sent
        /// The connection ended before that: the client left, the grace of a shutdown ended, or the
        /// handler let go of its responder.
        case clientGone
        /// The client was too slow, in sending or in taking.
        case timedOut
    }

    /// The request without its body; nil when its head was never understood.
    public let request: HTTPServerRequest?
    /// The status that was sent, or begun; nil when none was.
    public let status: HTTPResponse.Status?
    /// Bytes of the request that were read from the wire.
    public let bytesIn: Int
    /// Bytes of the response that the kernel took.
    public let bytesOut: Int
    /// From the first byte of the request.
    public let duration: Duration
    /// How it ended.
    public let outcome: Outcome
}
