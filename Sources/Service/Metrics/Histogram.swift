import Synchronization

/// A cumulative histogram of seconds in the sense of Prometheus, counted without a lock.
final class Histogram: Sendable {
    /// 0.5 ms (an answer from the loop) to a minute (the default deadline), about three bounds a
    /// decade.
    static let boundsSeconds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    private let buckets: [Counter]
    private let sumNanoseconds = Counter()

    init() { buckets = (0...Self.boundsSeconds.count).map { _ in Counter() } }

    func observe(_ duration: Duration) {
        let seconds = duration.seconds
        let index = Self.boundsSeconds.firstIndex { seconds <= $0 } ?? Self.boundsSeconds.count
        buckets[index].add(1)
        sumNanoseconds.add(Int(seconds * 1e9))
    }

    /// The lines of one series; `labels` is empty or `name="value"` pairs.
    func write(_ name: String, labels: String, to text: inout PrometheusText) {
        let comma = labels.isEmpty ? "" : ","
        var cumulative = 0
        for (bound, bucket) in zip(Self.boundsSeconds.map(\.description) + ["+Inf"], buckets) {
            cumulative += bucket.value
            text.sample("\(name)_bucket", labels: "\(labels)\(comma)le=\"\(bound)\"", cumulative)
        }
        text.sample("\(name)_sum", labels: labels, Double(sumNanoseconds.value) / 1e9)
        text.sample("\(name)_count", labels: labels, cumulative)
    }
}

/// A number counted from any thread.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func set(_ value: Int) { count.store(value, ordering: .relaxed) }

    func add(_ amount: Int) { count.wrappingAdd(amount, ordering: .relaxed) }
}

extension Duration {
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    var milliseconds: Double { seconds * 1e3 }
}
