import Synchronization

/// Milliseconds gathered by several threads.
final class Latencies: Sendable {
    private let values = Mutex<[Double]>([])
    var all: [Double] { values.withLock { $0 } }
    func add(_ milliseconds: Double) { values.withLock { $0.append(milliseconds) } }
}
