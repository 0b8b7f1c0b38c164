import HTTP
import HTTPTypes

/// What the log and the metrics say of a request, whether or not its head was understood.
struct RequestRecord: Sendable {
    /// `X-Request-Id`, echoed or made up.
    let id: String
    let client: PeerAddress
    let method: HTTPRequest.Method?
    /// The target as it was sent; nil when it was not understood.
    let target: String?
    let traceparent: String?
    /// The pattern of the route; nil when there is none.
    let route: String?
    /// Whether the route is one of health or metrics.
    let isProbe: Bool
    /// The origin of the page that asks; nil for other clients.
    let origin: String?
    /// The name of the API key that the request came with; nil when keys are not asked for.
    var tenant: String?

    init(_ request: HTTPServerRequest, _ route: Route?) {
        id = RequestID.of(request.head.headerFields)
        client = request.client
        method = request.head.method
        target = request.head.path
        traceparent = request.head.headerFields[.traceparent]
        self.route = route?.pattern
        isProbe = route?.isProbe ?? false
        origin = request.head.headerFields[.origin]
    }

    init(_ head: HTTPPartialHead) {
        id = RequestID.of(head.fields)
        client = head.client
        method = head.method
        target = nil
        traceparent = head.fields[.traceparent]
        route = nil
        isProbe = false
        origin = head.fields[.origin]
    }
}
