import Glibc
import Service

/// How far a run has come, on a line of the terminal that is written over and over; nothing where
/// standard error is no terminal.
struct Progress {
    /// Whether there is a terminal.
    static var isShown: Bool { isatty(STDERR_FILENO) == 1 }

    private static let interval = Duration.milliseconds(100)
    private static let clearLine = "\r\u{1B}[K"

    private let count: Int?
    private let start = ContinuousClock.now
    private var shownAt: ContinuousClock.Instant?
    private let isShown = Progress.isShown

    /// - Parameter count: of all pairs, where it is known.
    init(count: Int?) { self.count = count }

    /// Shows how many are done.
    mutating func show(done: Int) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let shownAt, shownAt.duration(to: now) < Self.interval, done != count { return }
        shownAt = now
        let rate = Double(done) / max(1e-3, start.duration(to: now) / .seconds(1))
        let speed = (rate * 10).rounded() / 10
        var text = "\(done) pairs, \(speed) a second"
        if let count {
            let left = rate > 0 ? (Double(count - done) / rate).rounded(.up) : 0
            text = "\(done) of \(count) pairs, \(speed) a second, \(Int(min(left, 1e9))) s left"
        }
        Self.write(Self.clearLine + text)
    }

    /// Makes room for a line.
    mutating func clear() {
        guard isShown, shownAt != nil else { return }
        shownAt = nil
        Self.write(Self.clearLine)
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
