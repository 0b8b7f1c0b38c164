import Synchronization

/// The one owner of threads: jobs in order of arrival, one a worker when many wait, all idle workers
/// on one job when few do.
///
/// An idle worker joins the parallel loop that a running job has open, and leaves it after the item
/// in hand as soon as another job arrives.
public final class WorkerPool: Sendable {
    /// The number of threads.
    public let workers: Int

    private struct State {
        var jobs: [any PoolJob] = []
        var loops: [ParallelLoop] = []
        var isStopping = false
        var idle = 0
    }
    private let state = Mutex(State())
    private let wakeUp = Semaphore()
    private let waitingJobs = Atomic<Int>(0)
    // Counts what an idle worker may want to look at, so that it can spin without taking the lock.
    private let events = Atomic<Int>(0)
    private let busyNanoseconds = Atomic<Int>(0)

    /// A spinning worker notices a new loop in well under a microsecond, a sleeping one in about
    /// fifty: long enough to bridge the serial part between two layers, short enough to be idle.
    private static let spinNanoseconds = 60_000

    /// Starts `workers` threads.
    public init(workers: Int) {
        precondition(workers >= 1)
        self.workers = workers
        for _ in 0..<workers { Thread.start { self.work() } }
    }

    /// Seconds that workers spent on jobs and on helping, over all threads.
    public var busySeconds: Double { Double(busyNanoseconds.load(ordering: .relaxed)) / 1e9 }

    /// Jobs that wait for a worker.
    public var waitingCount: Int { state.withLock { $0.jobs.count } }

    /// Adds a job behind those that wait. After `stop` it is dropped at once.
    public func submit(_ job: any PoolJob) {
        let accepted = state.withLock { state -> Bool in
            guard !state.isStopping else { return false }
            state.jobs.append(job)
            waitingJobs.add(1, ordering: .releasing)
            return true
        }
        if accepted { announce(wakeAll: false) } else { job.drop() }
    }

    /// Adds a closure as a job that does not mind being dropped.
    public func submit(_ body: @escaping @Sendable (Team) -> Void) { submit(ClosureJob(body)) }

    /// Takes a job out of the line; false when a worker has it already. Nothing is called on it.
    public func withdraw(_ job: any PoolJob) -> Bool {
        state.withLock { state in
            guard let index = state.jobs.firstIndex(where: { $0 === job }) else { return false }
            state.jobs.remove(at: index)
            waitingJobs.subtract(1, ordering: .relaxed)
            return true
        }
    }

    /// Runs `body` as a job and waits for it: for callers that have a thread to spare. Once the pool
    /// is stopped, that thread does the work.
    public func runAndWait<R>(_ body: (Team) throws -> R) rethrows -> R {
        try withoutActuallyEscaping(body) { body in
            let job = BlockingJob(body)
            submit(job)
            if let result = job.wait() { return try result.get() }
            return try body(Team(pool: self, workspace: Workspace()))
        }
    }

    /// Ends the threads once the running jobs are done; waiting ones are dropped.
    public func stop() {
        let dropped = state.withLock { state in
            state.isStopping = true
            defer { state.jobs = [] }
            return state.jobs
        }
        waitingJobs.subtract(dropped.count, ordering: .relaxed)
        announce(wakeAll: true)
        for job in dropped { job.drop() }
    }

    func parallel(
        _ count: Int, _ workspace: Workspace, scratch: Int, _ body: (Int, Workspace) -> Void
    ) {
        guard count > 1, workers > 1 else {
            for item in 0..<max(count, 0) { body(item, workspace) }
            return
        }
        withoutActuallyEscaping(body) { body in
            let loop = ParallelLoop(count: count, scratch: scratch, body: body)
            state.withLock { $0.loops.append(loop) }
            announce(wakeAll: true)
            loop.runFromFront(workspace)
            // Nobody joins once it is closed; those inside finish the item in hand.
            state.withLock { $0.loops.removeAll { $0 === loop } }
            while loop.helpers.load(ordering: .acquiring) > 0 { Thread.pause() }
            loop.close()
        }
    }

    private func announce(wakeAll: Bool) {
        events.add(1, ordering: .releasing)
        let sleeping = state.withLock { state -> Int in
            let count = wakeAll ? state.idle : min(state.idle, 1)
            state.idle -= count
            return count
        }
        for _ in 0..<sleeping { wakeUp.signal() }
    }

    private enum Task {
        case job(any PoolJob)
        case help(ParallelLoop)
        case leave
        case sleep
    }

    private func work() {
        let workspace = Workspace()
        while true {
            let seen = events.load(ordering: .acquiring)
            switch next() {
            case .job(let job):
                timed { job.run(Team(pool: self, workspace: workspace)) }
            case .help(let loop):
                let canHelp = workspace.reserve(loop.scratch)
                if canHelp {
                    timed {
                        loop.runFromBack(workspace) {
                            waitingJobs.load(ordering: .relaxed) > 0
                        }
                    }
                }
                loop.helpers.subtract(1, ordering: .releasing)
                if !canHelp { _ = spin(since: seen) }
            case .leave:
                return
            case .sleep:
                if !spin(since: seen), becomesIdle() { wakeUp.wait() }
            }
        }
    }

    private func next() -> Task {
        state.withLock { state in
            if !state.jobs.isEmpty {
                waitingJobs.subtract(1, ordering: .relaxed)
                return .job(state.jobs.removeFirst())
            }
            if state.isStopping { return .leave }
            if let loop = state.loops.first(where: { !$0.isExhausted }) {
                loop.helpers.add(1, ordering: .relaxed)
                return .help(loop)
            }
            return .sleep
        }
    }

    // Counted under the lock, so that whoever announces something later knows whom to wake.
    private func becomesIdle() -> Bool {
        state.withLock { state in
            let hasWork =
                state.isStopping || !state.jobs.isEmpty
                || state.loops.contains { !$0.isExhausted }
            if !hasWork { state.idle += 1 }
            return !hasWork
        }
    }

    private func spin(since seen: Int) -> Bool {
        let end = Thread.nanoseconds() + Self.spinNanoseconds
        while Thread.nanoseconds() < end {
            for _ in 0..<64 {
                if events.load(ordering: .acquiring) != seen { return true }
                Thread.pause()
            }
        }
        return false
    }

    private func timed(_ body: () -> Void) {
        let start = Thread.nanoseconds()
        body()
        busyNanoseconds.add(Thread.nanoseconds() - start, ordering: .relaxed)
    }
}
