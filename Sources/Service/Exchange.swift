import HTTP
import HTTPTypes
import Synchronization

/// One request on its way through the service: what was decided about it when it was admitted, the
/// job it became, what it holds of the budgets, and its line in the log.
final class Exchange: HTTPExchange {
    /// What is to be done when the body is here.
    enum Work: Sendable {
        /// Nothing: the head alone was answered.
        case refusal
        case immediate(any ImmediateEndpoint, ServiceRequest)
        case job(
            any JobEndpoint, ServiceRequest, bodyLimit: Setting<Int>,
            deadline: ContinuousClock.Instant)
    }

    private struct State: ~Copyable {
        /// The job while nobody has answered.
        var job: Job?
        /// The memory of the answer, which a slow client may leave in the server's hands for long.
        var permit: Permit?
        var code: ErrorCode?
        /// Whether the job, had there been one, is counted.
        var isCounted = false
        var isOver = false
    }

    private let record: RequestRecord
    private let work: Work
    private let context: ServiceContext
    private let accessLog: AccessLog
    private let state = Mutex(State())

    init(
        _ record: RequestRecord, _ work: Work, _ context: ServiceContext, _ accessLog: AccessLog
    ) {
        self.record = record
        self.work = work
        self.context = context
        self.accessLog = accessLog
        context.metrics.requestsInFlight.add(1)
    }

    /// The answer to an error; its code goes to the log.
    func refuse(_ error: ServiceError) -> HTTPServerResponse {
        state.withLock { $0.code = error.code }
        return named(error.response, error.code)
    }

    func receive(_ body: [UInt8], responder: HTTPResponder) {
        do {
            switch work {
            case .refusal: break
            case .immediate(let endpoint, let request):
                guard let queue = endpoint.queue else {
                    respond(endpoint, request, responder)
                    break
                }
                queue.async { self.respond(endpoint, request, responder) }
            case .job(let endpoint, var request, let limit, let deadline):
                request.body = body
                try submit(endpoint, request, limit, deadline, responder)
            }
        } catch {
            count(JobOutcome(error.code))
            responder.send(refuse(error))
        }
    }

    private func respond(
        _ endpoint: any ImmediateEndpoint, _ request: ServiceRequest, _ responder: HTTPResponder
    ) {
        do {
            responder.send(named(try endpoint.respond(to: request)))
        } catch {
            responder.send(refuse(error))
        }
    }

    private func submit(
        _ endpoint: any JobEndpoint, _ request: ServiceRequest, _ limit: Setting<Int>,
        _ deadline: ContinuousClock.Instant, _ responder: HTTPResponder
    ) throws(ServiceError) {
        let context = context
        let permit = try context.jobs.budget.permit(bodyBytes: request.body.count)
        let job = Job(
            deadline: deadline, permit: permit, metrics: context.metrics,
            prepare: { intake throws(ServiceError) in
                var request = request
                request.intake = intake
                try request.decodeBody(limit: limit, context.configuration, intake)
                return try endpoint.prepare(request, models: try context.readiness.models())
            },
            answer: { permit, response, code in
                self.answer(permit, response, code, responder)
            })
        state.withLock { state in
            state.job = job
            state.isCounted = true
        }
        context.jobs.submit(job, after: context.readiness)
    }

    private func answer(
        _ permit: consuming Permit?, _ response: HTTPServerResponse, _ code: ErrorCode?,
        _ responder: HTTPResponder
    ) {
        var permit = permit
        state.withLock { state in
            state.job = nil
            if let code { state.code = code }
            // Without anybody to read it, the answer's memory is free as soon as this returns.
            if !state.isOver { state.permit = permit.take() }
        }
        responder.send(named(response, code))
    }

    func response(to failure: HTTPProtocolError) -> HTTPServerResponse {
        var error = ServiceError(failure)
        if case .job(_, _, let limit, _) = work {
            if error.code == .bodyTooLarge { error.setting = limit }
            count(JobOutcome(error.code))
        }
        return refuse(error)
    }

    func finish(_ report: HTTPReport) {
        let (job, code) = state.withLock { state in
            state.isOver = true
            state.permit = nil
            return (state.job.take(), state.code)
        }
        if let job { context.jobs.abandon(job) }
        if case .job = work { count(.cancelled) }
        context.metrics.requestsInFlight.add(-1)
        if let status = report.status {
            context.metrics.countRequest(
                route: record.route ?? Metrics.otherRoute,
                method: record.method?.rawValue ?? "other", status: status.code,
                duration: report.duration)
        }
        accessLog.write(record, report, code: code)
    }

    /// Counts what would have become a job, unless one counts itself.
    private func count(_ outcome: JobOutcome) {
        guard case .job = work else { return }
        let isFirst = state.withLock { state in
            defer { state.isCounted = true }
            return !state.isCounted
        }
        if isFirst { context.metrics.countJob(outcome) }
    }

    /// With what only the exchange knows: the request's id and, where the code says busy, when to come
    /// again.
    private func named(
        _ response: HTTPServerResponse, _ code: ErrorCode? = nil
    ) -> HTTPServerResponse {
        var response = response
        response.fields[.xRequestID] = record.id
        if [.queueFull, .memoryBudget, .insufficientMemory].contains(code) {
            response.fields[.retryAfter] = "\(context.jobs.retryAfterSeconds)"
        }
        context.access.crossOrigins.mark(&response.fields, for: record.origin)
        return response
    }
}
