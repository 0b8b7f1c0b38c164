/// How much memory the process may take, and what of it each part may.
extension Setting where Value == Int {
    static var maxMemoryBytes: Self {
        .derived(
            "max-memory-bytes", 256 << 20...1 << 50, .bytes,
            default: "80 % of the least limit: cgroup, RAM, `ulimit -v`",
            "Memory of the process: network, bodies, jobs, answers, target cache and buffers"
        ) { max(256 << 20, $0.machine.memoryBytes / 10 * 8) }
    }
    static var queueJobs: Self {
        .integer(
            "queue-jobs", 1...65_536, .count, default: 64, "Most jobs that wait for a worker")
    }
    static var queueBytes: Self {
        share(
            "queue-bytes", 1024, of: 8, atMost: 1 << 30,
            "Most request bytes that arrive, and most that wait or are worked on, at a time")
    }
    static var maxAnswerBytes: Self {
        share(
            "max-answer-bytes", 1024, of: 8, atMost: 256 << 20,
            "Largest answer, by an estimate before the work")
    }
    static var targetCacheBytes: Self {
        share(
            "target-cache-bytes", 0, of: 4, atMost: 256 << 20,
            "Memory for registered targets and what was computed from targets; 0 keeps none")
    }
    static var bufferPoolBytes: Self {
        share(
            "buffer-pool-bytes", 0, of: 8, atMost: 192 << 20,
            "Memory of finished jobs that is kept for the next ones")
    }

    /// A part of `max-memory-bytes`: one of so many, and no more than anybody needs.
    private static func share(
        _ key: String, _ least: Int, of parts: Int, atMost most: Int, _ help: String
    ) -> Self {
        let unit = most >= 1 << 30 ? "\(most >> 30) GiB" : "\(most >> 20) MiB"
        return .derived(
            key, least...1 << 50, .bytes,
            default: "1/\(parts) of max-memory-bytes, at most \(unit)", help
        ) { max(least, min(most, $0[.maxMemoryBytes] / parts)) }
    }
}
