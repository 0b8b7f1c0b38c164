import Dispatch
import Inference
import Synchronization

/// Jobs in order of arrival, each kept until a worker takes it, its deadline passes or its client
/// leaves.
final class JobQueue: Sendable {
    let budget: JobBudget
    private let pool: WorkerPool
    private let waiting = Mutex<[Job]>([])
    private let running = Atomic<Int>(0)
    private let deadlines = DispatchQueue(label: "styleloss.deadlines")

    init(pool: WorkerPool, budget: JobBudget) {
        self.pool = pool
        self.budget = budget
    }

    var runningCount: Int { running.load(ordering: .relaxed) }
    var waitingCount: Int { waiting.withLock { $0.count } }

    /// Lines a job up. One turn of the pool is asked for it, and takes the oldest job there is
    /// then.
    func submit(_ job: Job) {
        waiting.withLock { $0.append(job) }
        pool.submit { team in self.runOldest(team) }
        expireAtDeadline(job)
    }

    /// Takes a job whose client left out of the line.
    func abandon(_ job: Job) {
        _ = take(job)
        job.abandon()
    }

    private func runOldest(_ team: Team) {
        guard let job = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
        running.add(1, ordering: .relaxed)
        defer { running.subtract(1, ordering: .relaxed) }
        job.run(team)
    }

    private func take(_ job: Job) -> Bool {
        waiting.withLock { jobs in
            guard let index = jobs.firstIndex(where: { $0 === job }) else { return false }
            jobs.remove(at: index)
            return true
        }
    }

    /// The timer holds the job weakly: one that was done long before its deadline is not kept for
    /// it.
    private func expireAtDeadline(_ job: Job) {
        let remaining = ContinuousClock.now.duration(to: job.deadline)
        let time = DispatchTime.now() + .nanoseconds(Int(max(0, remaining.seconds) * 1e9))
        deadlines.asyncAfter(deadline: time) { [weak job] in
            guard let job, self.take(job) else { return }
            job.expire()
        }
    }
}
