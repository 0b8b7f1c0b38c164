/// A job whose caller waits for it, and whose body therefore need not outlive the call.
final class BlockingJob<R>: PoolJob, @unchecked Sendable {
    // Unchecked: the worker writes before it signals, the caller reads after it waited.
    private var body: ((Team) throws -> R)?
    private var result: Result<R, any Error>?
    private let done = Semaphore()

    init(_ body: @escaping (Team) throws -> R) { self.body = body }

    func run(_ team: Team) {
        if let body { result = Result { try body(team) } }
        body = nil
        done.signal()
    }

    func drop() {
        body = nil
        done.signal()
    }

    /// The value or error of the body; nil when the pool dropped the job.
    func wait() -> Result<R, any Error>? {
        done.wait()
        return result
    }
}
