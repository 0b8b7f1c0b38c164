// What the event loop owns: listeners, connections, and the time at which to look at them again.

/// The server's state. Every method runs on the loop.
final class ServerCore {
    let loop: EventLoop
    let limits: HTTPServerLimits
    let handler: any HTTPHandler
    let counters: ServerCounters
    let readBuffer = ReadBuffer()
    /// Whether every answer now closes its connection.
    private(set) var isDraining = false
    /// Whether the server waits for its last connections.
    var isShuttingDown: Bool { completion != nil }

    private var dates = DateCache()
    private(set) var listeners: [Listener]
    private(set) var connections: [ObjectIdentifier: Connection] = [:]
    /// Those of the connections that are beyond `connectionsMax`, the oldest first.
    private(set) var reserve: [Connection] = []
    var idleSearch = IdleSearch()
    var arrivals: Arrivals
    var isWakeUpOnItsWay = false
    /// While nothing is accepted: when to try again.
    var acceptsAgainAt: ContinuousClock.Instant?
    /// Whether that is for want of a descriptor, which is free some time after its connection closed.
    var awaitsDescriptor = false
    /// Once newcomers are refused: when the listening sockets close.
    private var closesListenersAt: ContinuousClock.Instant?
    private var graceEndsAt: ContinuousClock.Instant?
    private var isGraceOver = false
    private var completion: (@Sendable () -> Void)?
    private var timer: LoopTimer?
    private var timerSetTo: ContinuousClock.Instant?

    init(
        listeners: [Listener], loop: EventLoop, limits: HTTPServerLimits,
        handler: any HTTPHandler, counters: ServerCounters
    ) {
        self.listeners = listeners
        self.loop = loop
        self.limits = limits
        self.handler = handler
        self.counters = counters
        arrivals = Arrivals(bytesMax: limits.arrivingBytesMax)
    }

    func start() {
        timer = loop.timer { [unowned self] in tick() }
        // Dispatch opens its timerfd when a timer is first set, and never tries again if a flood of
        // connections has taken every descriptor by then: so one is set before the first accept.
        noteDeadline(.now + .seconds(3600))
        for listener in listeners {
            listener.start(on: loop) { [self] in
                accept(from: listener, atMost: Self.acceptsPerEvent)
            }
        }
    }

    func dateNow() -> String {
        dates.now()
    }

    func add(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = connection
        if connection.isReserved { reserve.append(connection) }
        counters.set(openConnections: connections.count)
        connection.start()
    }

    func remove(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        if connection.isReserved { reserve.removeAll { $0 === connection } }
        counters.set(openConnections: connections.count)
        canMakeRoom()
        completeIfIdle()
    }
}

// MARK: - Stopping

extension ServerCore {
    func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.drain() }
    }

    /// How long a handshake may be under way whose first segment came before newcomers were refused.
    private static let handshakeMs = 100

    /// Takes whoever is in the backlog already or on the way there, and nobody who comes later; then
    /// closes the listening sockets.
    func stopAccepting() {
        guard closesListenersAt == nil, !listeners.isEmpty else { return }
        for listener in listeners { listener.refuseNewcomers() }
        guard timer != nil else {
            closeListeners()
            return
        }
        for listener in listeners { accept(from: listener, atMost: .max) }
        let time = ContinuousClock.now + .milliseconds(Self.handshakeMs)
        closesListenersAt = time
        noteDeadline(time)
    }

    private func closeListeners() {
        closesListenersAt = nil
        for listener in listeners {
            if timer != nil { accept(from: listener, atMost: .max) }
            listener.stop()
        }
        listeners = []
        completeIfIdle()
    }

    func shutdown(graceMs: Int, completion: @escaping @Sendable () -> Void) {
        stopAccepting()
        let earlier = self.completion
        self.completion = {
            earlier?()
            completion()
        }
        let end = ContinuousClock.now + .milliseconds(graceMs)
        graceEndsAt = end
        noteDeadline(end)
        drain()
        completeIfIdle()
    }

    private func completeIfIdle() {
        guard connections.isEmpty, listeners.isEmpty, let completion else { return }
        self.completion = nil
        timer?.cancel()
        timer = nil
        completion()
    }
}

// MARK: - Deadlines

extension ServerCore {
    /// What a client has to read its answer when the grace of a shutdown is over.
    private static let lastWordsMs = 500

    /// Closer deadlines than this are handled together.
    private static let tickMs = 5

    /// Sees to it that the timer fires by then.
    func noteDeadline(_ deadline: ContinuousClock.Instant) {
        if let timerSetTo, timerSetTo <= deadline { return }
        timerSetTo = deadline
        timer?.set(after: deadline - .now)
    }

    /// Whoever waits for an answer hears that there is none, and has a moment to read that.
    private func endGrace(_ now: ContinuousClock.Instant) {
        let isLast = isGraceOver
        isGraceOver = true
        let end = now + .milliseconds(Self.lastWordsMs)
        graceEndsAt = end
        for connection in Array(connections.values) {
            if isLast { connection.abort() } else { connection.cutShort(at: end) }
        }
        noteDeadline(end)
    }

    /// One timer for all: deadlines move far more often than they pass, so they are only compared
    /// when the earliest one known is due.
    private func tick() {
        timerSetTo = nil
        let now = ContinuousClock.now
        if let closesListenersAt, closesListenersAt <= now { closeListeners() }
        if let graceEndsAt, graceEndsAt <= now { endGrace(now) }
        relievePressure(now)
        if let acceptsAgainAt, acceptsAgainAt <= now { resumeAccepting() }
        let due = connections.values.filter { $0.deadline.map { $0 <= now } ?? false }
        for connection in due { connection.deadlinePassed() }
        let own = [acceptsAgainAt, closesListenersAt, graceEndsAt, arrivals.pressedAt]
            .compactMap { $0 }
        guard let next = (connections.values.compactMap(\.deadline) + own).min() else { return }
        noteDeadline(max(next, now + .milliseconds(Self.tickMs)))
    }
}
