// Who is let in, and who gives way for it.
//
// The first `connectionsMax` connections have places of their own, and time: whoever gives one up for
// another had at least `silenceMaxMs`. Those beyond are the reserve: a head is read there to answer a
// probe or to say that the server is full, and the oldest gives way at once, so that whoever comes
// next is heard, however many stand still.

extension ServerCore {
    /// Connections accepted by one event, so that a flood of them leaves others their turn.
    static let acceptsPerEvent = 64
    /// How long to wait when nothing is left to accept with, unless a connection closes before.
    private static let pauseMs = 100

    private var hasPlace: Bool { connections.count - reserve.count < limits.connectionsMax }

    /// Called when somebody waits, which is sure for the first only.
    func accept(from listener: Listener, atMost count: Int) {
        for number in 0..<count {
            if !hasPlace && reserve.count >= limits.reservedConnections {
                if number > 0 { return }
                guard closeIdlest() || closeFirst(of: reserve) else {
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
            // There is no reserve of what the process or the system has run out of.
            _ = closeIdlest() || closeFirst(of: reserve) || closeFirst(of: byAge)
            awaitsDescriptor = true
            pauseAccepting()
            return false
        case .connection(let socket, let client):
            if !hasPlace { _ = closeIdlest() }
            add(Connection(socket, client: client, core: self, isReserved: !hasPlace))
            return true
        }
    }

    private var byAge: [Connection] {
        connections.values.sorted { $0.waitingSince < $1.waitingSince }
    }

    /// Makes room in the places; false when nobody there has stood still for its time.
    private func closeIdlest() -> Bool {
        let now = ContinuousClock.now
        let places = connections.values.lazy.filter { !$0.isReserved }
        while let id = idleSearch.next(at: now, among: places) {
            guard let connection = connections[id], connection.uselessSince(at: now) != nil,
                connection.givesWay()
            else { continue }
            return true
        }
        return false
    }

    /// Makes room by the first that has no whole request, whatever its age.
    private func closeFirst(of connections: [Connection]) -> Bool {
        connections.contains { $0.isWaiting && $0.givesWay() }
    }

    /// A listening socket stays readable while somebody waits: without a pause this would spin.
    private func pauseAccepting() {
        for listener in listeners { listener.pause() }
        let time = ContinuousClock.now + .milliseconds(Self.pauseMs)
        acceptsAgainAt = time
        noteDeadline(time)
    }

    /// A connection closes, or is done with its request, which may be all that newcomers wait for.
    func canMakeRoom() {
        if acceptsAgainAt != nil && !awaitsDescriptor { resumeAccepting() }
    }

    /// A connection lets go of its descriptor, which is closed by the loop's next turn.
    func willCloseDescriptor() {
        guard awaitsDescriptor else { return }
        let core = LoopBound(self, to: loop)
        loop.run { core.value.resumeAccepting() }
    }

    func resumeAccepting() {
        acceptsAgainAt = nil
        awaitsDescriptor = false
        for listener in listeners { listener.resume() }
    }
}
