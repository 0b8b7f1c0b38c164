// One client: its socket, what it is in the middle of, and when its patience or ours ends.
//
// What each event makes of each state; "ends" is: the exchange is told, and the connection closes.
//
//              bytes          all is read    the answer   all is sent     deadline       end, error
// idle         readingHead                                                closes         closes
// readingHead  readingHead    readingBody,                                408: sending   ends
//                             handling,
//                             sending
// readingBody  readingBody    handling                                    408: sending   ends
// handling     (not read)                    sending                      asks the peer  ends, but not
//                                                                                        at an end
// sending      (not read)                                 idle,           ends           ends
//                                                         discarding,
//                                                         lingering
// discarding   discarding     idle                                        closes         closes
// lingering    lingering                                                  closes         closes

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
        case lingering(Lingering)
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
        /// The body is read past with this.
        case discardBody(BodyReader)
        case close
    }

    let core: ServerCore
    let socket: Socket
    let client: PeerAddress
    /// Whether this connection is one too many, accepted to say so.
    let isReserved: Bool

    var state = State.idle
    var input: Input
    var output = Output()
    var request: CurrentRequest?
    /// Requests that were answered.
    var served = 0
    /// The last time the connection became idle.
    var idleSince = ContinuousClock.now
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
        input = Input(parser: RequestParser(limits: core.limits))
    }

    func start() {
        readSource = core.loop.readSource(
            socket.rawDescriptor, keeping: self, handler: { [self] in readable() },
            cancelled: { [core] in core.willCloseDescriptor() })
        deadline = .now + .milliseconds(headerTimeoutMs)
    }

    var headerTimeoutMs: Int {
        isReserved
            ? min(limits.headerTimeoutMs, limits.reservedTimeoutMs) : limits.headerTimeoutMs
    }

    var lingerIdleTimeoutMs: Int {
        isReserved
            ? min(limits.lingerIdleTimeoutMs, limits.reservedTimeoutMs)
            : limits.lingerIdleTimeoutMs
    }

    /// Between two requests, unless this response was begun before the server began to leave.
    func becomeIdle() {
        guard !core.isDraining else {
            linger()
            return
        }
        state = .idle
        idleSince = .now
        deadline = idleSince + .milliseconds(limits.keepaliveTimeoutMs)
    }

    /// Since when the connection does not get on, once it has had its time: nobody sends or takes
    /// anything, or too little. nil while it is worth its place.
    func uselessSince(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var patienceMs = limits.idleMinMs
        let since: ContinuousClock.Instant?
        switch state {
        case .idle:
            since = idleSince
            // Whoever connects has something to say.
            if served == 0 { patienceMs = min(patienceMs, limits.silenceMaxMs) }
        case .lingering(let lingering): since = lingering.since
        case .readingHead: since = request?.receivedAt
        case .readingBody, .sending, .discarding:
            since =
                waitsForRoomToRead
                ? nil : input.pace.slowSince(now, bytesPerSecondMin: limits.bytesPerSecondMin)
        case .handling, .closed: since = nil
        }
        guard let since, since + .milliseconds(patienceMs) <= now else { return nil }
        return since
    }

    /// Whether nobody has sent a whole request, or is to be sent anything.
    var isWaiting: Bool {
        switch state {
        case .idle, .readingHead, .lingering: true
        default: false
        }
    }

    /// Since when it does that.
    var waitingSince: ContinuousClock.Instant {
        if case .readingHead = state, let request { return request.receivedAt }
        return idleSince
    }

    /// Closes to make room for another client, with a word if one can be said; false when a whole
    /// request is here after all, and is served.
    func givesWay() -> Bool {
        if isWaiting {
            readable()
            if case .closed = state { return true }
            // What came may be the little that a slow one sends.
            guard isWaiting || uselessSince(at: .now) != nil else { return false }
        }
        switch state {
        case .readingHead, .readingBody: fail(.requestTimeout)
        default: break
        }
        abort(.timedOut)
        return true
    }

    /// The last step of every road; the descriptor closes once both sources are cancelled.
    func close() {
        if case .closed = state { return }
        bodyEnds()
        state = .closed
        deadline = nil
        input.drop(limits: limits)
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

    /// How long an idle connection may be about to send something: a client that has just read its
    /// answer or has just connected.
    private static let drainPauseMs = 250

    /// Idle connections close. A request that has come already is answered, and so is one whose
    /// client may be sending it at this moment.
    func drain() {
        guard case .idle = state else { return }
        readable()
        guard case .idle = state, served > 0 || core.isShuttingDown else { return }
        let end = idleSince + .milliseconds(Self.drainPauseMs)
        if end <= .now { close() } else { deadline = end }
    }

    /// The grace of a shutdown is over: a request that has come, or begun to, hears why it is not
    /// answered, if its client reads it at once.
    func cutShort(at end: ContinuousClock.Instant) {
        switch state {
        case .readingHead, .readingBody, .handling: fail(.shuttingDown)
        case .idle, .sending, .discarding, .lingering: abort()
        case .closed: break
        }
        if case .closed = state { return }
        deadline = end
    }
}
