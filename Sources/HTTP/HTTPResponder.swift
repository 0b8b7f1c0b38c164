// The once-only way back from a handler to its client.

import Synchronization

/// Takes the response to one request.
///
/// A responder that is released without a response closes its connection, so a lost request cannot
/// hold one for ever.
public final class HTTPResponder: Sendable {
    let exchange: PendingExchange

    /// A responder that hands its response to a closure: nil when it is released without one. The
    /// server makes its own like this; a test of a handler may, too.
    public init(deliver: @escaping @Sendable (HTTPServerResponse?) -> Void) {
        exchange = PendingExchange(deliver: deliver)
    }

    deinit {
        exchange.finish(nil)
    }

    /// Sends the response. A second call, or one after the client left, is ignored.
    public func send(_ response: HTTPServerResponse) {
        exchange.finish(response)
    }

    /// Whether the client left before the response was sent.
    ///
    /// A reset, a hang-up and a failed write mean that it left. The end of its sending side alone
    /// does not: a client may close that half and wait for the answer.
    public var isClientGone: Bool {
        exchange.isClientGone
    }

    /// Runs the action once when the client leaves, on the event loop; at once if it has left, and
    /// never after the response was sent.
    public func onClientGone(_ action: @escaping @Sendable () -> Void) {
        exchange.onClientGone(action)
    }
}

/// What a responder and its connection share: whichever of response and departure comes first.
final class PendingExchange: Sendable {
    private enum State: Sendable {
        case waiting(actions: [@Sendable () -> Void])
        case answered
        case clientGone
    }

    private let state = Mutex(State.waiting(actions: []))
    private let deliver: @Sendable (HTTPServerResponse?) -> Void

    init(deliver: @escaping @Sendable (HTTPServerResponse?) -> Void) {
        self.deliver = deliver
    }

    var isClientGone: Bool {
        state.withLock { state in
            if case .clientGone = state { true } else { false }
        }
    }

    func finish(_ response: HTTPServerResponse?) {
        let isFirst = state.withLock { state in
            guard case .waiting = state else { return false }
            state = .answered
            return true
        }
        if isFirst { deliver(response) }
    }

    func onClientGone(_ action: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            switch state {
            case .waiting(let actions): state = .waiting(actions: actions + [action])
            case .answered: break
            case .clientGone: return true
            }
            return false
        }
        if runsNow { action() }
    }

    func clientLeft() {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard case .waiting(let actions) = state else { return [] }
            state = .clientGone
            return actions
        }
        for action in actions { action() }
    }
}
