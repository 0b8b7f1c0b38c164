// The head of a request, as it crosses the seam between the server and its handler.

import HTTPTypes

/// A request whose head was read. Its body comes later, and by itself.
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
    /// How the body ends; its `declaredBytes` are what the head says of its size.
    public let framing: BodyFraming
    /// When the first byte of this request arrived.
    public let receivedAt: ContinuousClock.Instant
    /// Who sent it.
    public let client: PeerAddress

    init(
        _ head: RequestHead, target: RequestTarget, receivedAt: ContinuousClock.Instant,
        client: PeerAddress
    ) {
        self.head = HTTPRequest(
            method: head.method, scheme: "http", authority: target.authority ?? head.host,
            path: target.originForm, headerFields: head.fields)
        path = target.path
        query = target.query
        minorVersion = head.minorVersion
        framing = head.framing
        self.receivedAt = receivedAt
        self.client = client
    }
}

/// What is known of a request whose head has a fault.
public struct HTTPPartialHead: Sendable {
    /// The method; nil when the request line is not complete.
    public let method: HTTPRequest.Method?
    /// The header fields before the fault.
    public let fields: HTTPFields
    /// When the first byte of this request arrived.
    public let receivedAt: ContinuousClock.Instant
    /// Who sent it.
    public let client: PeerAddress
}
