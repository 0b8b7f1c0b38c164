import Dispatch
import Inference

/// Jobs on their way to the workers: each stays in the pool's line until a worker takes it, its
/// deadline passes or its client leaves.
final class JobQueue: Sendable {
    let budget: JobBudget
    private let pool: WorkerPool
    private let metrics: Metrics
    private let deadlines = DispatchQueue(label: "styleloss.deadlines")

    init(pool: WorkerPool, budget: JobBudget, metrics: Metrics) {
        self.pool = pool
        self.metrics = metrics
        self.budget = budget
    }

    var waitingCount: Int { pool.waitingCount }

    /// Seconds after which whoever is refused now may find a place (RFC 9110 §10.2.3): what is in
    /// line, at the pace of late.
    var retryAfterSeconds: Int {
        let pending = waitingCount + metrics.jobsRunning.value
        let seconds = metrics.meanJob.seconds * Double(pending) / Double(pool.workers)
        return min(max(Int(seconds.rounded(.up)), 1), 60)
    }

    /// Lines a job up, once there is a model to run it with.
    func submit(_ job: Job, after readiness: Readiness) {
        readiness.whenSettled { self.pool.submit(job) }
        expireAtDeadline(job)
    }

    /// Ends a job whose client left: one that waits at once, one that runs at its next step.
    func abandon(_ job: Job) {
        _ = pool.withdraw(job)
        job.abandon()
    }

    /// The timer holds the job weakly: one that was done long before its deadline is not kept for
    /// it.
    private func expireAtDeadline(_ job: Job) {
        let remaining = ContinuousClock.now.duration(to: job.deadline)
        let time = DispatchTime.now() + .nanoseconds(Int(max(0, remaining.seconds) * 1e9))
        deadlines.asyncAfter(deadline: time) { [weak job] in
            guard let job else { return }
            _ = self.pool.withdraw(job)
            job.expire()
        }
    }
}
