import Synchronization

/// The mean of durations of late, each with half the weight of the one five later.
final class RecentMean: Sendable {
    private static let weight = 0.125

    private let mean = Mutex<Double?>(nil)

    /// 0 before there was any.
    var seconds: Double { mean.withLock { $0 ?? 0 } }

    func observe(_ duration: Duration) {
        mean.withLock { mean in
            let before = mean ?? duration.seconds
            mean = before + Self.weight * (duration.seconds - before)
        }
    }
}
