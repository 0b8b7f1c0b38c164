// Who of many bodies goes on, without sockets.

import HTTP
import Testing

@Suite struct ArrivalOrderTests {
    /// A body of a length, and how much of it came.
    private final class Body {
        let length: Int
        var held = 0

        init(_ length: Int) { self.length = length }

        var id: ObjectIdentifier { ObjectIdentifier(self) }
        var missing: Int { length - held }
    }

    private let now = ContinuousClock.now

    private func begin(_ lengths: [Int], in arrivals: inout Arrivals) -> [Body] {
        let bodies = lengths.map { Body($0) }
        for body in bodies { arrivals.begin(body.id, bytesMissing: body.length) }
        return bodies
    }

    private func take(_ count: Int, of body: Body, in arrivals: inout Arrivals) {
        body.held += count
        arrivals.advance(body.id, bytesHeld: body.held, bytesMissing: body.missing)
    }

    @Test func `gives the first half to anybody`() {
        var arrivals = Arrivals(bytesMax: 1000)
        let bodies = begin([400, 5000], in: &arrivals)
        #expect(arrivals.room(for: 500, of: bodies[1].id) == 500)
        take(500, of: bodies[1], in: &arrivals)
        #expect(arrivals.bytesHeld == 500)
    }

    @Test func `keeps the second half for the one that needs least`() {
        var arrivals = Arrivals(bytesMax: 1000)
        let bodies = begin([700, 5000, 6000], in: &arrivals)
        take(300, of: bodies[0], in: &arrivals)
        take(200, of: bodies[1], in: &arrivals)
        // 500 are free: 400 for the first to be complete, what is left for the others.
        #expect(arrivals.room(for: 4000, of: bodies[0].id) == 500)
        #expect(arrivals.room(for: 4000, of: bodies[1].id) == 100)
        take(100, of: bodies[1], in: &arrivals)
        #expect(arrivals.room(for: 4000, of: bodies[2].id) == 0)
        arrivals.wait(bodies[2].id, since: now)
        #expect(arrivals.waitsSince(bodies[2].id) == now)
        #expect(arrivals.next() == nil)
        take(400, of: bodies[0], in: &arrivals)
        // What frames its end has room whatever is free.
        #expect(arrivals.room(for: 4000, of: bodies[0].id) == 1024)
        arrivals.end(bodies[0].id)
        #expect(arrivals.bytesHeld == 300)
        let next = arrivals.next()
        #expect(next?.id == bodies[2].id && next?.waitedSince == now)
        #expect(arrivals.waitsSince(bodies[2].id) == nil)
    }

    @Test func `lets the one go on first that needs least`() {
        var arrivals = Arrivals(bytesMax: 1000)
        let first = begin([1001], in: &arrivals)[0]
        take(1000, of: first, in: &arrivals)
        let waiting = begin([500, 300, 400], in: &arrivals)
        for body in waiting { arrivals.wait(body.id, since: now) }
        arrivals.end(first.id)
        #expect(
            (0..<4).map { _ in arrivals.next()?.id } == [
                waiting[1].id, waiting[2].id, waiting[0].id, nil,
            ])
    }

    /// Counts instead of time: how often a body is told to go on, where once all were whenever one
    /// was through, 1000 times 1000 / 2.
    @Test func `wakes nobody in vain`() {
        var arrivals = Arrivals(bytesMax: 2_000_000)
        let bodies = begin(Array(repeating: 1_000_000, count: 1000), in: &arrivals)
        var byID = Dictionary(uniqueKeysWithValues: bodies.map { ($0.id, $0) })
        var ready = bodies[...]
        var (wakeUps, reads) = (0, 0)
        while !byID.isEmpty {
            guard
                let body = ready.popFirst()
                    ?? arrivals.next().flatMap({ next in
                        wakeUps += 1
                        return byID[next.id]
                    })
            else {
                Issue.record("all wait for ever")
                return
            }
            let room = arrivals.room(for: min(65_536, max(body.missing, 1)), of: body.id)
            guard room > 0 else {
                arrivals.wait(body.id, since: now)
                continue
            }
            reads += 1
            take(min(room, body.missing), of: body, in: &arrivals)
            if body.missing == 0 {
                arrivals.end(body.id)
                byID[body.id] = nil
            } else {
                ready.append(body)
            }
        }
        #expect(arrivals.bytesHeld == 0)
        #expect(wakeUps <= 4 * bodies.count, "\(wakeUps)")
        #expect(reads <= 20 * bodies.count, "\(reads)")
    }

    @Test func `throws out the one that brought least while others waited`() {
        var arrivals = Arrivals(bytesMax: 1000)
        let bodies = begin([990, 950, 5000], in: &arrivals)
        take(500, of: bodies[0], in: &arrivals)
        take(400, of: bodies[1], in: &arrivals)
        arrivals.wait(bodies[2].id, since: now)
        #expect(arrivals.pressedAt == now + .seconds(1))
        take(60, of: bodies[0], in: &arrivals)
        let (early, late) = (now + .milliseconds(999), now + .milliseconds(1000))
        #expect(arrivals.loser(at: early) { _ in now } == nil)
        #expect(arrivals.loser(at: late) { _ in now } == bodies[1].id)
        // And a second later is the next look.
        #expect(arrivals.pressedAt == late + .seconds(1))
    }

    @Test func `throws out the one furthest from its end when all wait`() {
        var arrivals = Arrivals(bytesMax: 1000)
        let bodies = begin([600, 700], in: &arrivals)
        for body in bodies {
            take(500, of: body, in: &arrivals)
            arrivals.wait(body.id, since: now)
        }
        #expect(arrivals.loser(at: now + .seconds(1)) { _ in now } == bodies[1].id)
    }

    @Test func `throws out nobody once nobody waits`() {
        var arrivals = Arrivals(bytesMax: 1000)
        let bodies = begin([600, 700], in: &arrivals)
        arrivals.wait(bodies[1].id, since: now)
        arrivals.end(bodies[1].id)
        #expect(arrivals.loser(at: now + .seconds(1)) { _ in now } == nil)
        #expect(arrivals.pressedAt == nil)
    }
}
