// The once-only way back from an exchange to its client.

import Synchronization

/// Takes the response to one request.
///
/// A responder that is released without a response closes its connection, so a lost request cannot
/// hold one for ever.
public final class HTTPResponder: Sendable {
    private let isAnswered = Atomic(false)
    private let deliver: @Sendable (HTTPServerResponse?) -> Void

    /// A responder that hands its response to a closure: nil when it is released without one. The
    /// server makes its own like this; a test of a handler may, too.
    public init(deliver: @escaping @Sendable (HTTPServerResponse?) -> Void) {
        self.deliver = deliver
    }

    deinit {
        finish(nil)
    }

    /// Sends the response. A second call, or one after the client left, is ignored.
    public func send(_ response: HTTPServerResponse) {
        finish(response)
    }

    private func finish(_ response: HTTPServerResponse?) {
        if !isAnswered.exchange(true, ordering: .relaxed) { deliver(response) }
    }
}
