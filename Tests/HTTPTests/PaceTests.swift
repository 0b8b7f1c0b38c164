import HTTP
import Testing

@Suite struct PaceTests {
    private let start = ContinuousClock.now

    private func limits(_ bytesPerSecond: Int, graceMs: Int) -> HTTPServerLimits {
        var limits = HTTPServerLimits()
        (limits.bytesPerSecondMin, limits.paceGraceMs) = (bytesPerSecond, graceMs)
        return limits
    }

    @Test func `ends so long after the last piece`() {
        var pace = Pace(start: start)
        let limits = limits(1, graceMs: 1_000_000)
        #expect(pace.deadline(idleMs: 300, limits: limits) == start + .milliseconds(300))
        pace.advance(by: 1, at: start + .milliseconds(200))
        #expect(pace.deadline(idleMs: 300, limits: limits) == start + .milliseconds(500))
    }

    @Test func `ends when the bytes so far have not earned the time`() {
        var pace = Pace(start: start)
        let limits = limits(1000, graceMs: 2000)
        #expect(pace.deadline(idleMs: 60_000, limits: limits) == start + .seconds(2))
        pace.advance(by: 500, at: start + .seconds(1))
        #expect(pace.deadline(idleMs: 60_000, limits: limits) == start + .milliseconds(2500))
    }

    @Test func `leaves out the time in which we took nothing`() {
        var pace = Pace(start: start)
        pace.advance(by: 10, at: start + .seconds(1))
        pace.excuse(.seconds(5))
        #expect(pace.start == start + .seconds(5))
        #expect(pace.lastProgress == start + .seconds(6))
    }

    @Test func `is slow from its start when it is below the least rate, else from its last piece`()
    {
        var pace = Pace(start: start)
        pace.advance(by: 100, at: start + .milliseconds(500))
        let now = start + .seconds(1)
        #expect(pace.slowSince(now, bytesPerSecondMin: 101) == start)
        #expect(pace.slowSince(now, bytesPerSecondMin: 100) == start + .milliseconds(500))
    }
}
