// Every fault of the protocol, as a closed list: the handler turns each into its own response.

import HTTPTypes

/// Why a request is refused before it reaches the handler's endpoints.
///
/// The descriptions are fixed sentences for the client; they never repeat its bytes.
public enum HTTPProtocolError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The bytes are not a request that RFC 9112 allows; `reason` is a sentence that says why.
    case badRequest(reason: String)
    /// The request head, trailers included, is over `limit` bytes.
    case headersTooLarge(limit: Int)
    /// There are more than `limit` header fields.
    case tooManyHeaders(limit: Int)
    /// The request target is over `limit` bytes.
    case uriTooLong(limit: Int)
    /// The body is over `limit` bytes; `actual` is its declared length, if it has one.
    case bodyTooLarge(limit: Int, actual: Int?)
    /// The head or the body did not arrive in time.
    case requestTimeout
    /// An HTTP/1.0 request with a method that carries a body has no Content-Length.
    case lengthRequired
    /// `Expect` holds something else than `100-continue`.
    case expectationFailed
    /// All `limit` connections are taken.
    case tooManyConnections(limit: Int)
    /// The bodies that are on their way have `limit` bytes, and this one is the slowest.
    case crowdedOut(limit: Int)
    /// The system does not give the memory for the body.
    case outOfMemory
    /// The server stops before it can answer.
    case shuttingDown

    /// The status that RFC 9110 §15 gives to this fault.
    public var status: HTTPResponse.Status {
        switch self {
        case .badRequest: .badRequest
        case .headersTooLarge, .tooManyHeaders: .requestHeaderFieldsTooLarge
        case .uriTooLong: .uriTooLong
        case .bodyTooLarge: .contentTooLarge
        case .requestTimeout: .requestTimeout
        case .lengthRequired: .lengthRequired
        case .expectationFailed: .expectationFailed
        case .tooManyConnections, .outOfMemory, .shuttingDown: .serviceUnavailable
        case .crowdedOut: .tooManyRequests
        }
    }

    /// One sentence that tells the client what to change.
    public var description: String {
        switch self {
        case .badRequest(let reason): reason
        case .headersTooLarge(let limit): "The request head is over \(limit) bytes."
        case .tooManyHeaders(let limit): "The request has more than \(limit) header fields."
        case .uriTooLong(let limit): "The request target is over \(limit) bytes."
        case .bodyTooLarge(let limit, let actual?):
            "The body is \(actual) bytes; at most \(limit) are accepted."
        case .bodyTooLarge(let limit, nil): "The body is over \(limit) bytes."
        case .requestTimeout: "The request did not arrive in time."
        case .lengthRequired: "An HTTP/1.0 request with this method needs a Content-Length."
        case .expectationFailed: "The only expectation that can be met is 100-continue."
        case .tooManyConnections(let limit): "All \(limit) connections are in use; try again later."
        case .crowdedOut(let limit):
            "The bodies on their way are over \(limit) bytes and this one is the slowest; try again "
                + "later."
        case .outOfMemory:
            "The system does not grant the memory for the body; try again later."
        case .shuttingDown: "The service stops before this request could be answered."
        }
    }
}
