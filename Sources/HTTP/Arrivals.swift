// Bodies that are on their way: what they hold together, and who has to wait or to give way.
//
// Nobody holds more than has come, whatever was announced. When the bytes of all come close to what
// there is, reading stops for all but the one that needs least to be complete; so one after the other
// gets through. Should that not help, because the one in front is slow, the slowest gives way.

/// What the bodies hold, and in which order they go on. Every step takes time logarithmic in their
/// number, but for the judgement under pressure, once a second.
package struct Arrivals {
    package typealias ID = ObjectIdentifier

    private struct Body {
        var bytesHeld = 0
        /// What it held when somebody began to wait for room.
        var bytesBeforePressure = 0
        var bytesMissing: Int
        var waitsSince: ContinuousClock.Instant?

        var bytesUnderPressure: Int { bytesHeld - bytesBeforePressure }

        /// Whether the rest takes few seconds more at the pace of the last one.
        var isSoonComplete: Bool { bytesUnderPressure >= bytesMissing / 5 }
    }

    /// How long bodies may wait for room until the slowest gives way.
    package static let pressureMs = 1_000
    /// What frames the end of a body whose bytes are all here.
    private static let endBytes = 1024

    private let bytesMax: Int
    private var bodies: [ID: Body] = [:]
    /// Bodies that nothing but their clients hold up, and those that wait for room, by what each
    /// needs to be complete.
    private var moving = IndexedHeap<ID>()
    private var waiting = IndexedHeap<ID>()
    /// Bytes that have come.
    package private(set) var bytesHeld = 0
    /// When to look whether somebody has waited for long.
    package private(set) var pressedAt: ContinuousClock.Instant?

    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// A body is announced: so many bytes at most.
    package mutating func begin(_ id: ID, bytesMissing: Int) {
        bodies[id] = Body(bytesMissing: bytesMissing)
        moving.update(id, priority: bytesMissing)
    }

    /// Counts what has come of a body so far.
    package mutating func advance(_ id: ID, bytesHeld count: Int, bytesMissing: Int) {
        guard let body = bodies[id] else { return }
        bytesHeld += count - body.bytesHeld
        bodies[id]?.bytesHeld = count
        bodies[id]?.bytesMissing = bytesMissing
        if body.waitsSince == nil { moving.update(id, priority: bytesMissing) }
    }

    /// A body is complete, or nobody wants it any more.
    package mutating func end(_ id: ID) {
        guard let body = bodies.removeValue(forKey: id) else { return }
        bytesHeld -= body.bytesHeld
        moving.remove(id)
        waiting.remove(id)
    }

    /// How many bytes of those wanted may come now of a body.
    package func room(for wanted: Int, of id: ID) -> Int {
        let free = bytesMax - bytesHeld
        // The first half is anybody's.
        if wanted <= free - bytesMax / 2 { return wanted }
        let missing = bodies[id]?.bytesMissing ?? 0
        if missing == 0 { return min(wanted, Self.endBytes) }
        guard let first = moving.first, first.key != id, first.priority < missing else {
            return max(0, min(wanted, free))
        }
        return max(0, min(wanted, free - first.priority))
    }

    /// Since when a body waits for room.
    package func waitsSince(_ id: ID) -> ContinuousClock.Instant? { bodies[id]?.waitsSince }

    /// There is no room for a body: it waits until `next` names it.
    package mutating func wait(_ id: ID, since now: ContinuousClock.Instant) {
        guard let body = bodies[id], body.waitsSince == nil else { return }
        bodies[id]?.waitsSince = now
        moving.remove(id)
        waiting.update(id, priority: body.bytesMissing)
        if pressedAt == nil { press(now) }
    }

    /// Of those that wait the one that needs least, once there is room for it: it goes on. The others
    /// have their turns after it, one by one, for what it takes is not there for them.
    package mutating func next() -> (id: ID, waitedSince: ContinuousClock.Instant)? {
        guard let id = waiting.first?.key, room(for: 1, of: id) > 0, let body = bodies[id],
            let since = body.waitsSince
        else { return nil }
        waiting.remove(id)
        moving.update(id, priority: body.bytesMissing)
        bodies[id]?.waitsSince = nil
        return (id, since)
    }

    private mutating func press(_ now: ContinuousClock.Instant) {
        pressedAt = now + .milliseconds(Self.pressureMs)
        bodies = bodies.mapValues { body in
            var body = body
            body.bytesBeforePressure = body.bytesHeld
            return body
        }
    }

    /// Once a second while bodies wait for others that come too slowly: of those the one that has
    /// brought least gives way, or, when none is coming, the one that is furthest from its end.
    ///
    /// - Parameter start: when a body began to come, not counting the time it had to wait.
    package mutating func loser(
        at now: ContinuousClock.Instant, start: (ID) -> ContinuousClock.Instant?
    ) -> ID? {
        guard let pressedAt, pressedAt <= now else { return nil }
        self.pressedAt = nil
        guard !waiting.isEmpty else { return nil }
        let since = now - .milliseconds(Self.pressureMs)
        let hasHelped = bodies.values.allSatisfy { $0.waitsSince.map { $0 > since } ?? true }
        let slow = bodies.filter { id, body in
            body.waitsSince == nil && !body.isSoonComplete && (start(id) ?? now) <= since
        }
        let loser =
            moving.isEmpty
            ? bodies.max { $0.value.bytesMissing < $1.value.bytesMissing }
            : slow.min { $0.value.bytesUnderPressure < $1.value.bytesUnderPressure }
        press(now)
        return hasHelped ? nil : loser?.key
    }
}
