// A connection's body among all that are on their way.

extension ServerCore {
    /// Counts what the bodies hold; whoever waits goes on in a turn of its own.
    fileprivate func arrivalsChanged() {
        counters.set(arrivingBytes: arrivals.bytesHeld)
        guard arrivals.pressedAt != nil, !isWakeUpOnItsWay else { return }
        isWakeUpOnItsWay = true
        let core = LoopBound(self, to: loop)
        loop.run { core.value.wakeUp() }
    }

    private func wakeUp() {
        isWakeUpOnItsWay = false
        guard let (id, since) = arrivals.next() else { return }
        connections[id]?.goesOn(waitedSince: since)
        // Behind the turn that this one has just asked for.
        arrivalsChanged()
    }

    /// The slowest of the bodies gives way when others have waited for long.
    func relievePressure(_ now: ContinuousClock.Instant) {
        let loser = arrivals.loser(at: now) { connections[$0]?.input.pace.start }
        if let pressedAt = arrivals.pressedAt { noteDeadline(pressedAt) }
        if let loser { connections[loser]?.fail(.crowdedOut(limit: limits.arrivingBytesMax)) }
    }
}

extension Connection {
    private var id: ObjectIdentifier { ObjectIdentifier(self) }

    var isReadingBody: Bool {
        if case .readingBody = state { true } else { false }
    }

    /// Whether its body waits for others to make room.
    var waitsForRoomToRead: Bool { core.arrivals.waitsSince(id) != nil }

    /// How many bytes of those wanted may come now of the body.
    func roomToRead(for wanted: Int) -> Int { core.arrivals.room(for: wanted, of: id) }

    func bodyBegins() {
        core.arrivals.begin(id, bytesMissing: input.body?.bytesMissing ?? 0)
    }

    /// Counts what has come of the body.
    func bodyAdvances() {
        guard isReadingBody, let body = input.body else { return }
        core.arrivals.advance(id, bytesHeld: body.bytesHeld, bytesMissing: body.bytesMissing)
        core.arrivalsChanged()
    }

    func bodyEnds() {
        input.body = nil
        core.arrivals.end(id)
        core.arrivalsChanged()
    }

    /// Stops reading; only the request's own deadline goes on.
    func waitForRoomToRead() {
        guard !waitsForRoomToRead else { return }
        core.arrivals.wait(id, since: .now)
        readSource?.pause()
        deadline = request?.deadline
        if let pressedAt = core.arrivals.pressedAt { core.noteDeadline(pressedAt) }
    }

    fileprivate func goesOn(waitedSince since: ContinuousClock.Instant) {
        input.pace.excuse(.now - since)
        renewBodyDeadline()
        readSource?.resume()
        takeAnotherTurn()
    }
}
