// The one seam: the server knows HTTP, the handler knows what the service does.

/// What to do with a request whose head was read.
public enum HTTPAdmission: Sendable {
    /// Read the body, up to so many bytes without transfer coding, then call `handle`.
    case accept(bodyBytesMax: Int)
    /// Send this response and do not read the body.
    case refuse(HTTPServerResponse)
}

/// Answers requests. Every method is called on the event loop and must not block.
public protocol HTTPHandler: AnyObject, Sendable {
    /// Judges a request by its head, before `100 Continue` and before any byte of the body is read.
    ///
    /// `declaredBodyBytes` is the Content-Length, 0 without a body, nil when chunked. A declared
    /// length over the accepted `bodyBytesMax` is answered 413 at once.
    func admit(_ request: HTTPServerRequest, declaredBodyBytes: Int?) -> HTTPAdmission

    /// Takes a whole request that was admitted; answers it once, from any thread.
    func handle(_ request: consuming HTTPServerRequest, responder: HTTPResponder)

    /// The body of an admitted request will never be complete, so `handle` will not be called:
    /// gives back whatever `admit` reserved.
    func abandon(_ request: HTTPServerRequest, declaredBodyBytes: Int?)

    /// The response to a fault of the protocol; `request` is nil when its head was not understood.
    func response(
        to failure: HTTPProtocolError, request: HTTPServerRequest?
    ) -> HTTPServerResponse

    /// One call for every exchange that got a response or lost its client while waiting for one.
    func didFinish(_ exchange: HTTPExchange)

    /// Whether a request is served even when all connections are taken, as health checks are.
    func servesWhenFull(_ request: HTTPServerRequest) -> Bool
}

extension HTTPHandler {
    /// No request is.
    public func servesWhenFull(_ request: HTTPServerRequest) -> Bool {
        false
    }
}
