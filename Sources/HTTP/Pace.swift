// How slow a transfer may be.

/// The deadline of a body or a response: a pause between pieces, and a floor under the rate, so that
/// neither a stop nor a trickle holds a connection.
package struct Pace {
    package private(set) var start: ContinuousClock.Instant
    package private(set) var lastProgress: ContinuousClock.Instant
    private var bytes = 0

    package init(start: ContinuousClock.Instant) {
        self.start = start
        lastProgress = start
    }

    package mutating func advance(by count: Int, at now: ContinuousClock.Instant) {
        bytes += count
        lastProgress = now
    }

    /// Leaves out a time in which it was us who took nothing.
    package mutating func excuse(_ duration: Duration) {
        start += duration
        lastProgress += duration
    }

    /// Whichever comes first: `idleMs` after the last piece, or the time at which the bytes so far
    /// should long have been followed by more.
    package func deadline(idleMs: Int, limits: HTTPServerLimits) -> ContinuousClock.Instant {
        let earnedMs = bytes * 1000 / max(1, limits.bytesPerSecondMin)
        return min(
            lastProgress + .milliseconds(idleMs),
            start + .milliseconds(limits.paceGraceMs + earnedMs))
    }

    /// Since when the transfer is slower than it may be, or else stands still.
    package func slowSince(_ now: ContinuousClock.Instant, bytesPerSecondMin: Int)
        -> ContinuousClock.Instant
    {
        let isSlow = Double(bytes) < Double(bytesPerSecondMin) * ((now - start) / .seconds(1))
        return isSlow ? start : lastProgress
    }
}
