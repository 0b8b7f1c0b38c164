import HTTP
import Inference
import Synchronization

/// A request's work while it waits and runs. It is answered once, by whoever comes first: the
/// worker that did it, the deadline, or nobody, when the client has left. What it holds is given
/// back when the worker lets go of it, and not before.
package final class Job: PoolJob {
    /// Reads the body as far as it takes to know what the work is.
    package typealias Prepare = @Sendable (Intake) throws(ServiceError) -> JobRequest

    /// The work: it measures its stages and gives the response or the reason there is none.
    package typealias Work = @Sendable (inout JobRun) throws(ServiceError) -> HTTPServerResponse

    /// Takes what is left of the permit, unless a worker still needs it, the response and, when it
    /// is an error, the code.
    package typealias Answer = @Sendable (consuming Permit?, HTTPServerResponse, ErrorCode?) -> Void

    private enum Stage { case waiting, running, done }

    private struct State: ~Copyable {
        var stage = Stage.waiting
        var isAnswered = false
        var permit: Permit?
    }

    /// What is left to do for whoever ends a job.
    private struct Ending: ~Copyable {
        var permit: Permit?
        let isFirst: Bool
    }

    let deadline: ContinuousClock.Instant
    private let submittedAt = ContinuousClock.now
    private let prepare: Prepare
    private let metrics: Metrics
    private let answer: Answer
    private let state: Mutex<State>
    private let isClientGone = Atomic<Bool>(false)

    /// - Parameter answer: called at most once, from any thread.
    package init(
        deadline: ContinuousClock.Instant, permit: consuming Permit, metrics: Metrics,
        prepare: @escaping Prepare, answer: @escaping Answer
    ) {
        self.deadline = deadline
        self.metrics = metrics
        self.prepare = prepare
        self.answer = answer
        state = Mutex(State(permit: permit))
    }

    /// Whether nobody waits for the result any more: asked between layers.
    var isCancelled: Bool { isClientGone.load(ordering: .relaxed) || .now >= deadline }

    /// Does the work, unless it is too late for it.
    package func run(_ team: Team) {
        guard advance(from: .waiting, to: .running) else { return }
        metrics.jobsRunning.add(1)
        let start = ContinuousClock.now
        defer {
            metrics.jobsRunning.add(-1)
            metrics.meanJob.observe(start.duration(to: .now))
        }
        guard !isCancelled else { return finish(.deadlineExceeded, from: .running) }
        var run = JobRun(team: team.cancelled { self.isCancelled }, submittedAt: submittedAt)
        metrics.observe(.queue, run.queueTime)
        do {
            let intake = Intake(
                charge: { bytes throws(ServiceError) in try self.charge(workBytes: bytes) },
                isCancelled: { self.isCancelled })
            let request = try run.measure(.decode) { _ throws(ServiceError) in
                try prepare(intake)
            }
            try charge(workBytes: request.workBytes, answerBytes: request.answerBytes)
            let response = try request.work(&run)
            run.observe(in: metrics)
            finish(response, .ok, nil, from: .running)
        } catch {
            finish(error, from: .running)
        }
    }

    /// Ends a job that the pool will not run any more.
    package func drop() { finish(Readiness.draining, from: .waiting) }

    /// Answers at the deadline. A worker that has begun stops at its next step.
    package func expire() {
        let isRunning = state.withLock { $0.stage == .running }
        finish(.deadlineExceeded, from: isRunning ? .running : .waiting, by: .deadline)
    }

    /// The client left: a waiting job is over, a running one stops at the next layer. The answer
    /// goes nowhere.
    package func abandon() {
        isClientGone.store(true, ordering: .relaxed)
        finish(.deadlineExceeded, from: .waiting)
    }

    private func charge(workBytes: Int, answerBytes: Int = 0) throws(ServiceError) {
        let refusal = state.withLock { state -> ServiceError? in
            do throws(ServiceError) {
                try state.permit?.charge(workBytes: workBytes, answerBytes: answerBytes)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw refusal }
    }

    private enum Finisher { case worker, deadline }

    private func finish(
        _ error: ServiceError, from expected: Stage, by finisher: Finisher = .worker
    ) {
        let isLate = error.code == .deadlineExceeded
        let outcome: JobOutcome =
            isLate && isClientGone.load(ordering: .relaxed) ? .cancelled : JobOutcome(error.code)
        finish(error.response, outcome, error.code, from: expected, by: finisher)
    }

    private func finish(
        _ response: HTTPServerResponse, _ outcome: JobOutcome, _ code: ErrorCode?,
        from expected: Stage, by finisher: Finisher = .worker
    ) {
        var ending = end(from: expected, by: finisher)
        guard ending.isFirst else { return }
        // Before the answer, so that a client that asks again finds the place free.
        ending.permit?.keepAnswer(bytes: response.body.count)
        metrics.countJob(outcome)
        answer(ending.permit.take(), response, code)
    }

    private func end(from expected: Stage, by finisher: Finisher) -> Ending {
        state.withLock { state in
            guard state.stage == expected else { return Ending(permit: nil, isFirst: false) }
            let isFirst = !state.isAnswered
            state.isAnswered = true
            if finisher == .deadline && expected == .running {
                return Ending(permit: nil, isFirst: isFirst)
            }
            state.stage = .done
            return Ending(permit: state.permit.take(), isFirst: isFirst)
        }
    }

    private func advance(from expected: Stage, to next: Stage) -> Bool {
        state.withLock { state in
            guard state.stage == expected else { return false }
            state.stage = next
            return true
        }
    }
}

extension Team {
    /// - Throws: `deadline_exceeded` once nobody waits for the answer. A look at the clock: cheap
    ///   enough for every row of an image and every kilobyte of an answer.
    func checkWanted() throws(ServiceError) {
        if isCancelled { throw .deadlineExceeded }
    }
}

/// What a job computes with and how long its stages took.
package struct JobRun {
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
        defer { add(stage, start.duration(to: .now)) }
        return try body(team)
    }

    /// Tells a part of a stage that has been measured as one of another stage.
    mutating func move(_ duration: Duration, from stage: JobStage, to other: JobStage) {
        add(stage, .zero - duration)
        add(other, duration)
    }

    /// A stage that comes in pieces is told as one.
    private mutating func add(_ stage: JobStage, _ duration: Duration) {
        if let index = stages.firstIndex(where: { $0.stage == stage }) {
            stages[index].duration += duration
        } else {
            stages.append((stage, duration))
        }
    }

    /// - Throws: `deadline_exceeded` once nobody waits for the answer.
    package func checkCancelled() throws(ServiceError) { try team.checkWanted() }

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
