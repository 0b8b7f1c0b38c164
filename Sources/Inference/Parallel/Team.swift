import Synchronization

/// What a job computes with: the worker that runs it, and whoever is idle at the moment.
///
/// How many help changes the time and nothing else: what is summed is summed in an order that
/// depends on shapes alone.
public struct Team {
    let pool: WorkerPool
    package let workspace: Workspace
    // What a thread that helps has to have.
    private let scratch: Int
    private let asksCancelled: () -> Bool

    init(
        pool: WorkerPool, workspace: Workspace, scratch: Int = 0,
        isCancelled: @escaping () -> Bool = { false }
    ) {
        self.pool = pool
        self.workspace = workspace
        self.scratch = scratch
        asksCancelled = isCancelled
    }

    /// The threads that may share a loop.
    public var workers: Int { pool.workers }

    /// The same team, whose work ends at the next check once `isCancelled` is true.
    public func cancelled(when isCancelled: @escaping () -> Bool) -> Team {
        Team(pool: pool, workspace: workspace, scratch: scratch, isCancelled: isCancelled)
    }

    /// The same team, of which every thread has so many floats of scratch memory; one that does not get
    /// them does not help.
    /// - Throws: `outOfMemory`, when the thread that asks does not get them.
    package func reserving(scratch count: Int) throws(InferenceError) -> Team {
        guard workspace.reserve(count) else { throw .outOfMemory }
        return Team(
            pool: pool, workspace: workspace, scratch: max(scratch, count),
            isCancelled: asksCancelled)
    }

    /// Throws `InferenceError.cancelled` once nobody waits for the result: cheap enough (a look at
    /// the clock) to be asked for every row of an image or kilobyte of an answer.
    public func checkCancelled() throws(InferenceError) {
        if isCancelled { throw .cancelled }
    }

    /// Whether nobody waits for the result any more, for work that is not of this module.
    public var isCancelled: Bool { asksCancelled() }

    /// Calls `body` with each of 0 ..< count once, on any threads and in any order, and returns when
    /// all calls have.
    ///
    /// The calls run at the same time, and the compiler does not check them: each may read what
    /// all share, and write only to places that belong to its own item. What one call needs of
    /// another is a second loop.
    public func parallel(_ count: Int, _ body: (Int) -> Void) {
        parallelWithWorkspace(count) { item, _ in body(item) }
    }

    /// The values of `body` for 0 ..< count in order, computed as `parallel` does; the error of the
    /// first item that has one.
    public func map<Value: Sendable, Failure: Error>(
        _ count: Int, _ body: (Int) throws(Failure) -> Value
    ) throws(Failure) -> [Value] {
        try mapWithWorkspace(count) { item, _ throws(Failure) in try body(item) }
    }

    /// The same, with the scratch memory of the thread that runs the item.
    func parallelWithWorkspace(_ count: Int, _ body: (Int, Workspace) -> Void) {
        pool.parallel(count, workspace, scratch: scratch, body)
    }

    /// `map`, with the scratch memory of the thread that runs the item.
    func mapWithWorkspace<Value: Sendable, Failure: Error>(
        _ count: Int, _ body: (Int, Workspace) throws(Failure) -> Value
    ) throws(Failure) -> [Value] {
        let results = Mutex([Result<Value, Failure>?](repeating: nil, count: max(count, 0)))
        parallelWithWorkspace(count) { item, workspace in
            let result: Result<Value, Failure>
            do throws(Failure) {
                result = .success(try body(item, workspace))
            } catch {
                result = .failure(error)
            }
            results.withLock { $0[item] = result }
        }
        var values: [Value] = []
        for case let result? in results.withLock({ $0 }) { values.append(try result.get()) }
        return values
    }
}
