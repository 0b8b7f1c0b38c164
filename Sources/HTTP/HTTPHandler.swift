// The one seam: the server knows HTTP, the handler knows what the service does.

/// Judges requests by their heads. Every method is called on the event loop and must not block.
public protocol HTTPHandler: AnyObject, Sendable {
    /// Begins the exchange of a request whose head was read: before `100 Continue`, and before any
    /// byte of the body is.
    func admit(_ request: HTTPServerRequest) -> HTTPAdmission

    /// Begins the exchange of a request whose head was not understood: it is asked for the response
    /// to that fault, and told of its end.
    func exchange(for head: HTTPPartialHead) -> any HTTPExchange
}

/// What was decided about a request by its head.
public struct HTTPAdmission: Sendable {
    /// What happens next.
    public enum Verdict: Sendable {
        /// Read the body, up to so many bytes without transfer coding, and give it to the exchange.
        /// A longer one, declared or not, is answered 413; one that is not here by `deadline`, 408.
        case accept(bodyBytesMax: Int, deadline: ContinuousClock.Instant?)
        /// Send this response and do not read the body.
        case refuse(HTTPServerResponse)
    }

    /// What owns the decision from here on.
    public let exchange: any HTTPExchange
    /// What happens next.
    public let verdict: Verdict
    /// Whether the request is served even when all connections are taken, as health checks are.
    public let isServedWhenFull: Bool

    /// A decision.
    public init(
        exchange: any HTTPExchange, verdict: Verdict, isServedWhenFull: Bool = false
    ) {
        self.exchange = exchange
        self.verdict = verdict
        self.isServedWhenFull = isServedWhenFull
    }
}

/// One request and its response, as the service knows them. It holds whatever was decided when it
/// was admitted; the server holds it until it has told it of the end.
///
/// Every method is called on the event loop and must not block.
public protocol HTTPExchange: AnyObject, Sendable {
    /// Takes the whole body of an accepted request, without its transfer coding, and answers once,
    /// from any thread. It is not called when the body does not arrive.
    func receive(_ body: [UInt8], responder: HTTPResponder)

    /// The response to a fault of the protocol: the last thing that is asked before the end.
    func response(to failure: HTTPProtocolError) -> HTTPServerResponse

    /// The end, however it came: called once, and nothing after it. An answer that is still being
    /// worked on has nobody left who waits for it.
    func finish(_ report: HTTPReport)
}
