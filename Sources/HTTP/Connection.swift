// One client: its socket, what it is in the middle of, and when its patience or ours ends.

import HTTPTypes

/// The state machine of a connection. Every method runs on the event loop.
final class Connection {
    enum State {
        /// No byte of the next request has come.
        case idle
        case readingHead
        case readingBody
        /// The exchange has the whole request; nothing is read meanwhile.
        case handling
        case sending(then: AfterResponse)
        /// The rest of a refused request is read and dropped, to keep the connection.
        case discarding
        /// The last response is sent; the client may finish sending (RFC 9112 §9.6).
        case lingering(since: ContinuousClock.Instant)
        case closed

        /// Whether bytes go to the parser.
        var isParsing: Bool {
            switch self {
            case .idle, .readingHead, .readingBody, .discarding: true
            case .handling, .sending, .lingering, .closed: false
            }
        }

        /// Whether bytes behind the current request may be another one.
        var comesBackToParsing: Bool {
            switch self {
            case .handling, .sending(then: .nextRequest), .sending(then: .discardBody): true
            default: false
            }
        }
    }

    enum AfterResponse {
        case nextRequest
        case discardBody
        case close
    }

    let core: ServerCore
    let socket: Socket
    let client: PeerAddress
    /// Whether this connection is one too many, accepted to say so.
    let isReserved: Bool

    var state = State.idle
    var parser: RequestParser
    /// Bytes that came behind the request being handled, from `unreadStart` on.
    var unread: [UInt8] = []
    var unreadStart = 0
    var output = Output()
    var request: CurrentRequest?
    /// Requests that were answered.
    var served = 0
    var pace = Pace(start: .now)
    var readSource: LoopSource?
    var writeSource: LoopSource?
    var deadline: ContinuousClock.Instant? {
        didSet { if let deadline { core.noteDeadline(deadline) } }
    }

    var limits: HTTPServerLimits { core.limits }

    init(_ socket: consuming Socket, client: PeerAddress, core: ServerCore, isReserved: Bool) {
        self.socket = socket
        self.client = client
        self.core = core
        self.isReserved = isReserved
        parser = RequestParser(limits: core.limits)
    }

    func start() {
        readSource = core.loop.readSource(socket.rawDescriptor, keeping: self) { [self] in
            readable()
        }
        deadline = .now + .milliseconds(headerTimeoutMs)
    }

    var headerTimeoutMs: Int {
        isReserved
            ? min(limits.headerTimeoutMs, limits.reservedHeaderTimeoutMs) : limits.headerTimeoutMs
    }

    /// The last step of every road; the descriptor closes once both sources are cancelled.
    func close() {
        if case .closed = state { return }
        state = .closed
        deadline = nil
        unread = []
        output = Output()
        readSource?.cancel()
        readSource = nil
        writeSource?.cancel()
        writeSource = nil
        core.remove(self)
    }

    /// The client left, or is thrown out: whoever works for it is told, and the connection closes.
    func abort(_ outcome: HTTPReport.Outcome = .clientGone) {
        finishExchange(outcome)
        close()
    }

    func finishExchange(_ outcome: HTTPReport.Outcome) {
        guard let request else { return }
        self.request = nil
        served += 1
        request.finish(at: .now, outcome: outcome)
    }
}

// MARK: - Time

extension Connection {
    func deadlinePassed() {
        deadline = nil
        switch state {
        case .idle, .discarding, .lingering: close()
        case .readingHead, .readingBody: fail(.requestTimeout)
        case .handling: checkPeer(mayAsk: true)
        case .sending: abort(.timedOut)
        case .closed: break
        }
    }

    /// Idle keep-alive connections close at once. A request that has come already is answered, and
    /// at shutdown a client that has just connected gets a moment to send one.
    func drain() {
        guard case .idle = state else { return }
        if served == 0 {
            guard core.isShuttingDown else { return }
            deadline = .now + .milliseconds(limits.lingerIdleTimeoutMs)
            return
        }
        readable()
        if case .idle = state { close() }
    }
}
