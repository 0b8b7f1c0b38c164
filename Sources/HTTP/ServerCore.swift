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
    private var listeners: [Listener]
    private(set) var connections: [ObjectIdentifier: Connection] = [:]
    var arrivals = Arrivals()
    private var isAcceptingPaused = false
    private var acceptsAgainAt: ContinuousClock.Instant?
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

    func remove(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        counters.set(openConnections: connections.count)
        if isAcceptingPaused { resumeAccepting() }
        completeIfIdle()
    }
}

// MARK: - Accepting

extension ServerCore {
    /// The connections accepted by one event, so that a flood of them leaves others their turn.
    private static let acceptsPerEvent = 64
    /// How long to wait when nothing is left to accept with, unless a connection closes before.
    private static let pauseMs = 100

    /// Called when somebody waits, which is sure for the first only.
    private func accept(from listener: Listener, atMost count: Int) {
        for number in 0..<count {
            if connections.count >= limits.connectionsMax + limits.reservedConnections {
                if number > 0 { return }
                guard closeIdlest() else {
                    pauseAccepting()
                    return
                }
            }
            guard acceptOne(from: listener) else { return }
        }
    }

    /// False when nobody is waiting or nothing is left to accept with.
    private func acceptOne(from listener: Listener) -> Bool {
        switch listener.accept() {
        case .wouldBlock: return false
        case .exhausted:
            if !closeIdlest() { pauseAccepting() }
            return false
        case .connection(let socket, let client):
            if connections.count >= limits.connectionsMax { _ = closeIdlest() }
            let connection = Connection(
                socket, client: client, core: self,
                isReserved: connections.count >= limits.connectionsMax)
            connections[ObjectIdentifier(connection)] = connection
            counters.set(openConnections: connections.count)
            connection.start()
            return true
        }
    }

    /// Makes room for a new connection; false when there is none that does not get on.
    private func closeIdlest() -> Bool {
        let now = ContinuousClock.now
        var idlest: (connection: Connection, since: ContinuousClock.Instant)?
        for connection in connections.values {
            guard let since = connection.uselessSince(at: now) else { continue }
            if idlest.map({ since < $0.since }) ?? true { idlest = (connection, since) }
        }
        idlest?.connection.giveWay()
        return idlest != nil
    }

    /// A listening socket stays readable while somebody waits: without a pause this would spin.
    private func pauseAccepting() {
        isAcceptingPaused = true
        for listener in listeners { listener.pause() }
        let time = ContinuousClock.now + .milliseconds(Self.pauseMs)
        acceptsAgainAt = time
        noteDeadline(time)
    }

    private func resumeAccepting() {
        isAcceptingPaused = false
        acceptsAgainAt = nil
        for listener in listeners { listener.resume() }
    }
}

// MARK: - Stopping

extension ServerCore {
    func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.drain() }
    }

    /// Takes whoever is in the backlog already, then closes the listening sockets.
    func stopAccepting() {
        for listener in listeners {
            if timer != nil { accept(from: listener, atMost: .max) }
            listener.stop()
        }
        listeners = []
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
        guard connections.isEmpty, let completion else { return }
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
        if let graceEndsAt, graceEndsAt <= now {
            endGrace(now)
            return
        }
        relievePressure(now)
        if let acceptsAgainAt, acceptsAgainAt <= now { resumeAccepting() }
        let due = connections.values.filter { $0.deadline.map { $0 <= now } ?? false }
        for connection in due { connection.deadlinePassed() }
        let own = [acceptsAgainAt, graceEndsAt, arrivals.pressedAt].compactMap { $0 }
        guard let next = (connections.values.compactMap(\.deadline) + own).min() else { return }
        noteDeadline(max(next, now + .milliseconds(Self.tickMs)))
    }
}
