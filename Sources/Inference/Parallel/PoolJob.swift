/// Work that waits in a pool's line for a worker.
public protocol PoolJob: AnyObject, Sendable {
    /// Does the work, on the worker that took the job out of the line.
    func run(_ team: Team)

    /// Hears that the pool was stopped before a worker took the job: `run` will not be called.
    func drop()
}

/// A closure as a job.
final class ClosureJob: PoolJob {
    private let body: @Sendable (Team) -> Void

    init(_ body: @escaping @Sendable (Team) -> Void) { self.body = body }

    func run(_ team: Team) { body(team) }
    func drop() {}
}
