// Bodies that are on their way: what they hold together, and who has to wait or to give way.
//
// Nobody holds more than has come, whatever was announced. When the bytes of all come close to what
// there is, reading stops for all but the one that needs least to be complete; so one after the other
// gets through. Should that not help, because the one in front is slow, the slowest gives way.

/// What the bodies hold.
struct Arrivals {
    /// Bytes that have come.
    fileprivate(set) var heldBytes = 0
    /// When to look whether somebody has waited for long.
    fileprivate(set) var pressedAt: ContinuousClock.Instant?
    fileprivate var isWakeUpOnItsWay = false
}

extension ServerCore {
    /// How long bodies may wait for room until the slowest gives way.
    private static let pressureMs = 1_000

    /// What frames the end of a body whose bytes are all here.
    private static let endBytes = 1024

    /// How many bytes of those wanted may come now of this connection's body.
    func room(for wanted: Int, of connection: Connection) -> Int {
        let free = limits.arrivingBytesMax - arrivals.heldBytes
        // The first half is anybody's.
        if wanted <= free - limits.arrivingBytesMax / 2 { return wanted }
        let missing = connection.bodyBytesMissing
        if missing == 0 { return min(wanted, Self.endBytes) }
        let others = connections.values.lazy.filter { $0.isMovingBody && $0 !== connection }
            .map(\.bodyBytesMissing).min()
        guard let others, others < missing else { return max(0, min(wanted, free)) }
        return max(0, min(wanted, free - others))
    }

    fileprivate func book(_ bytes: Int) {
        arrivals.heldBytes += bytes
        counters.set(arrivingBytes: arrivals.heldBytes)
    }

    /// Wakes up whoever waits, in a turn of its own.
    fileprivate func giveBack(_ bytes: Int) {
        arrivals.heldBytes -= bytes
        counters.set(arrivingBytes: arrivals.heldBytes)
        guard bytes > 0, arrivals.pressedAt != nil, !arrivals.isWakeUpOnItsWay else { return }
        arrivals.isWakeUpOnItsWay = true
        let core = LoopBound(self, to: loop)
        loop.run { core.value.wakeUp() }
    }

    private func wakeUp() {
        arrivals.isWakeUpOnItsWay = false
        for connection in Array(connections.values) { connection.triesToReadAgain() }
    }

    fileprivate func noteWaiting(since now: ContinuousClock.Instant) {
        guard arrivals.pressedAt == nil else { return }
        let time = now + .milliseconds(Self.pressureMs)
        arrivals.pressedAt = time
        noteDeadline(time)
        for connection in connections.values {
            connection.input.bookedBeforePressure = connection.input.bookedBytes
        }
    }

    /// Once a second while bodies wait for others that come too slowly: of those the one that has
    /// brought least gives way, or, when none is coming, the one that is furthest from its end.
    func relievePressure(_ now: ContinuousClock.Instant) {
        guard let pressedAt = arrivals.pressedAt, pressedAt <= now else { return }
        arrivals.pressedAt = nil
        let bodies = connections.values.filter(\.isReadingBody)
        let waiting = bodies.filter { $0.input.waitsSince != nil }
        guard !waiting.isEmpty else { return }
        let since = now - .milliseconds(Self.pressureMs)
        let moving = bodies.filter { $0.input.waitsSince == nil }
        let slow = moving.filter { $0.input.pace.start <= since && !$0.isSoonComplete }
        let loser =
            moving.isEmpty
            ? waiting.max { $0.bodyBytesMissing < $1.bodyBytesMissing }
            : slow.min { $0.bytesUnderPressure < $1.bytesUnderPressure }
        let hasHelped = waiting.allSatisfy { $0.input.waitsSince.map { $0 > since } ?? true }
        noteWaiting(since: now)
        if !hasHelped { loser?.fail(.crowdedOut(limit: limits.arrivingBytesMax)) }
    }
}

extension Connection {
    var isReadingBody: Bool {
        if case .readingBody = state { true } else { false }
    }

    /// Whether a body is coming that nothing but its client holds up.
    fileprivate var isMovingBody: Bool { isReadingBody && input.waitsSince == nil }

    /// What came of the body since somebody waits for room.
    fileprivate var bytesUnderPressure: Int { input.bookedBytes - input.bookedBeforePressure }

    /// Whether the rest of the body takes few seconds more at the pace of the last one.
    fileprivate var isSoonComplete: Bool { bytesUnderPressure >= bodyBytesMissing / 5 }

    /// Bytes of the body that may still come.
    var bodyBytesMissing: Int { input.body?.bytesMissing ?? 0 }

    /// Counts what has come of the body.
    func bookRoom() {
        guard case .readingBody = state, let body = input.body else { return }
        core.book(body.bytesHeld - input.bookedBytes)
        input.bookedBytes = body.bytesHeld
    }

    func giveBackRoom() {
        input.body = nil
        input.waitsSince = nil
        core.giveBack(input.bookedBytes)
        input.bookedBytes = 0
        input.bookedBeforePressure = 0
    }

    /// Stops reading; only the request's own deadline goes on.
    func waitForRoomToRead() {
        guard input.waitsSince == nil else { return }
        let now = ContinuousClock.now
        input.waitsSince = now
        readSource?.pause()
        deadline = request?.deadline
        core.noteWaiting(since: now)
    }

    fileprivate func triesToReadAgain() {
        guard isReadingBody, let since = input.waitsSince else { return }
        input.waitsSince = nil
        input.pace.excuse(.now - since)
        renewBodyDeadline()
        readSource?.resume()
        takeAnotherTurn()
    }
}
