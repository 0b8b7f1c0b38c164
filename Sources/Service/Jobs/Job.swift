import HTTP
import Inference
import Synchronization

/// A request's work while it waits and runs. It is answered once, by whoever comes first: the
/// worker that did it, the deadline, or nobody, when the client has left.
final class Job: Sendable {
    /// The work: it measures its stages and gives the response or the reason there is none.
    typealias Work = @Sendable (inout JobRun) throws(ServiceError) -> HTTPServerResponse

    /// Takes the response and, when it is an error, the code.
    typealias Answer = @Sendable (HTTPServerResponse, ErrorCode?) -> Void

    private enum State { case waiting, running, done }

    let submittedAt: ContinuousClock.Instant
    let deadline: ContinuousClock.Instant
    private let admission: Admission
    private let work: Work
    private let metrics: Metrics
    private let answer: Answer
    private let state = Mutex(State.waiting)
    private let isClientGone = Atomic<Bool>(false)

    /// - Parameter answer: called at most once, from any thread.
    init(
        submittedAt: ContinuousClock.Instant, deadline: ContinuousClock.Instant,
        admission: Admission,
        metrics: Metrics, work: @escaping Work, answer: @escaping Answer
    ) {
        self.submittedAt = submittedAt
        self.deadline = deadline
        self.admission = admission
        self.metrics = metrics
        self.work = work
        self.answer = answer
    }

    /// Whether nobody waits for the result any more: asked between layers.
    var isCancelled: Bool { isClientGone.load(ordering: .relaxed) || .now >= deadline }

    /// Does the work, unless it is too late for it.
    func run(_ team: Team) {
        guard advance(from: .waiting, to: .running) else { return }
        guard !isCancelled else { return finish(Self.deadlineExceeded, from: .running) }
        var run = JobRun(team: team.cancelled { self.isCancelled }, submittedAt: submittedAt)
        metrics.observe(.queue, run.queueTime)
        do {
            let response = try work(&run)
            run.observe(in: metrics)
            finish(response, .ok, nil, from: .running)
        } catch {
            finish(error, from: .running)
        }
    }

    /// Ends a job that waits past its deadline.
    func expire() { finish(Self.deadlineExceeded, from: .waiting) }

    /// The client left: a waiting job is over, a running one stops at the next layer. The answer
    /// goes nowhere.
    func abandon() {
        isClientGone.store(true, ordering: .relaxed)
        finish(Self.deadlineExceeded, from: .waiting)
    }

    private static let deadlineExceeded = ServiceError(
        .deadlineExceeded,
        "The request was not done by its deadline; allow more with X-Request-Timeout-Ms or send "
            + "less at a time."
    )

    private func finish(_ error: ServiceError, from expected: State) {
        let isLate = error.code == .deadlineExceeded
        let outcome: JobOutcome =
            isLate && isClientGone.load(ordering: .relaxed) ? .cancelled : JobOutcome(error.code)
        finish(error.response, outcome, error.code, from: expected)
    }

    private func finish(
        _ response: HTTPServerResponse, _ outcome: JobOutcome, _ code: ErrorCode?,
        from expected: State
    ) {
        guard advance(from: expected, to: .done) else { return }
        // Before the answer, so that a client that asks again finds the place free.
        admission.finishWork(answerBytes: response.body.count)
        metrics.countJob(outcome)
        answer(response, code)
    }

    private func advance(from expected: State, to next: State) -> Bool {
        state.withLock { state in
            guard state == expected else { return false }
            state = next
            return true
        }
    }
}

/// What a job computes with and how long its stages took.
struct JobRun {
    let team: Team
    let queueTime: Duration
    private let submittedAt: ContinuousClock.Instant
    private(set) var stages: [(stage: JobStage, duration: Duration)] = []

    init(team: Team, submittedAt: ContinuousClock.Instant) {
        self.team = team
        self.submittedAt = submittedAt
        queueTime = submittedAt.duration(to: .now)
    }

    /// Runs a stage on the clock.
    mutating func measure<Result>(
        _ stage: JobStage, _ body: (Team) throws(ServiceError) -> Result
    ) throws(ServiceError) -> Result {
        let start = ContinuousClock.now
        defer { stages.append((stage, start.duration(to: .now))) }
        return try body(team)
    }

    /// Milliseconds of the queue, each stage in order, and all since submission.
    var timings: [(name: String, milliseconds: Double)] {
        [(JobStage.queue.rawValue, queueTime.milliseconds)]
            + stages.map { ($0.stage.rawValue, $0.duration.milliseconds) }
            + [("total", submittedAt.duration(to: .now).milliseconds)]
    }

    func observe(in metrics: Metrics) {
        for (stage, duration) in stages { metrics.observe(stage, duration) }
    }
}
