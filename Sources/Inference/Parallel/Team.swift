/// What a job computes with: the worker that runs it, and whoever is idle at the moment.
///
/// How many help changes the time and nothing else: the items of `parallel` write to places of their
/// own, and what is summed is summed in an order that depends on shapes alone.
public struct Team {
    let pool: WorkerPool
    let workspace: Workspace
    private let isCancelled: () -> Bool

    init(pool: WorkerPool, workspace: Workspace, isCancelled: @escaping () -> Bool = { false }) {
        self.pool = pool
        self.workspace = workspace
        self.isCancelled = isCancelled
    }

    /// The threads that may share a loop.
    public var workers: Int { pool.workers }

    /// The same team, whose work ends at the next check once `isCancelled` is true.
    public func cancelled(when isCancelled: @escaping () -> Bool) -> Team {
        Team(pool: pool, workspace: workspace, isCancelled: isCancelled)
    }

    /// Throws `InferenceError.cancelled` once nobody waits for the result.
    public func checkCancelled() throws(InferenceError) {
        if isCancelled() { throw .cancelled }
    }

    /// Calls `body` with each of 0 ..< count once, on any threads and in any order, and returns when
    /// all calls have.
    public func parallel(_ count: Int, _ body: (Int) -> Void) {
        parallelWithWorkspace(count) { item, _ in body(item) }
    }

    /// The same, with the scratch memory of the thread that runs the item.
    func parallelWithWorkspace(_ count: Int, _ body: (Int, Workspace) -> Void) {
        pool.parallel(count, workspace, body)
    }
}
