import Dispatch
import HTTP
import HTTPTypes

/// The service's side of the server's seam: routes, refuses what the head alone condemns, answers
/// at once what needs no computing, and lines up the rest.
final class RequestHandler: HTTPHandler {
    /// A body nobody reads, as of a GET, is taken up to this size.
    private static let ignoredBodyBytesMax = 1 << 16

    private let context: ServiceContext
    private let router: Router
    private let accessLog: AccessLog
    /// Bodies are parsed here, one after the other: not on the loop, which owes others their health
    /// checks.
    private let intake = DispatchQueue(label: "styleloss.intake")

    init(context: ServiceContext, router: Router, accessLog: AccessLog) {
        self.context = context
        self.router = router
        self.accessLog = accessLog
    }

    func admit(_ request: HTTPServerRequest, declaredBodyBytes: Int?) -> HTTPAdmission {
        do {
            switch try router.operation(request.head.method, request.path) {
            case .immediate:
                return .accept(bodyBytesMax: Self.ignoredBodyBytesMax)
            case .job(let endpoint):
                try RequestHead.check(request, mediaTypes: endpoint.mediaTypes)
                let limit = bodyLimit(endpoint)
                try reserve(declaredBodyBytes, limit)
                return .accept(bodyBytesMax: context.configuration[limit])
            }
        } catch {
            if JobOutcome(error.code) == .rejected { context.metrics.countJob(.rejected) }
            let record = context.exchanges.begin(request)
            return .refuse(response(to: error, request, record))
        }
    }

    func handle(_ request: consuming HTTPServerRequest, responder: HTTPResponder) {
        let request = request
        let record = context.exchanges.begin(request)
        do {
            switch try router.operation(request.head.method, request.path) {
            case .immediate(let endpoint):
                responder.send(decorated(try endpoint.respond(to: request), record))
            case .job(let endpoint):
                let admission = Admission(share(of: request), of: context.jobs.budget)
                record.hold(admission)
                let bodyIn = ContinuousClock.now
                intake.async {
                    self.submit(request, endpoint, admission, record, responder, bodyIn)
                }
            }
        } catch {
            responder.send(response(to: error, request, record))
        }
    }

    func abandon(_ request: HTTPServerRequest, declaredBodyBytes: Int?) {
        guard case .job = router.route(request.path)?.operation(request.head.method) else { return }
        context.jobs.budget.giveBack(share(declaredBodyBytes))
        context.metrics.countJob(.cancelled)
    }

    func response(to failure: HTTPProtocolError, request: HTTPServerRequest?) -> HTTPServerResponse
    {
        let record = request.map(context.exchanges.begin) ?? ExchangeRecord(nil)
        var error = ServiceError(failure)
        if error.code == .bodyTooLarge, let request,
            case .job(let endpoint) = router.route(request.path)?.operation(request.head.method)
        {
            error.setting = bodyLimit(endpoint)
        }
        return response(to: error, request, record)
    }

    func didFinish(_ exchange: HTTPExchange) {
        let record = exchange.request.flatMap(context.exchanges.end)
        record?.finish()
        let route =
            exchange.request.flatMap { router.route($0.path)?.pattern } ?? Metrics.otherRoute
        if let status = exchange.status {
            context.metrics.countRequest(
                route: route, method: exchange.request?.head.method.rawValue ?? "other",
                status: status.code, duration: exchange.duration)
        }
        accessLog.write(exchange, record: record)
    }

    /// Health and metrics, so that a full house can still be looked at.
    func servesWhenFull(_ request: HTTPServerRequest) -> Bool {
        ["/livez", "/healthz", "/readyz", "/metrics"].contains(request.path)
    }
}

extension RequestHandler {
    /// The setting that limits a body: a queue that holds fewer bytes than an endpoint takes would
    /// refuse the rest for ever, so it is a limit as well.
    private func bodyLimit(_ endpoint: any JobEndpoint) -> Setting {
        let setting = endpoint.bodyLimit(context.configuration)
        return context.configuration[.queueBytes] < context.configuration[setting]
            ? .queueBytes : setting
    }

    private func share(_ declaredBodyBytes: Int?) -> JobBudget.Share {
        context.jobs.budget.share(
            declaredBodyBytes: declaredBodyBytes, bodyBytesMax: context.configuration[.maxBodyBytes]
        )
    }

    private func share(of request: HTTPServerRequest) -> JobBudget.Share {
        share(RequestHead.declaredBodyBytes(request))
    }

    private func reserve(_ declaredBodyBytes: Int?, _ setting: Setting) throws(ServiceError) {
        let limit = context.configuration[setting]
        if let declaredBodyBytes, declaredBodyBytes > limit {
            throw ServiceError(
                .bodyTooLarge,
                "The body is \(declaredBodyBytes) bytes; at most \(limit) are accepted.",
                limit: limit, actual: declaredBodyBytes, setting: setting)
        }
        _ = try context.readiness.model()
        try context.jobs.budget.reserve(share(declaredBodyBytes))
    }

    /// On the intake queue: judges the body, charges what the work will take, and lines the job up.
    private func submit(
        _ request: HTTPServerRequest, _ endpoint: any JobEndpoint, _ admission: Admission,
        _ record: ExchangeRecord, _ responder: HTTPResponder, _ bodyIn: ContinuousClock.Instant
    ) {
        do {
            let timeoutMs =
                try RequestHead.timeoutMs(request) ?? context.configuration[.requestTimeoutMs]
            let prepared = try endpoint.prepare(
                request, model: try context.readiness.model(), id: record.id)
            try admission.charge(bodyBytes: request.body.count, workBytes: prepared.workBytes)
            let job = Job(
                submittedAt: bodyIn, deadline: request.receivedAt + .milliseconds(timeoutMs),
                admission: admission, metrics: context.metrics, work: prepared.work
            ) { response, code in
                if let code { record.fail(code) }
                responder.send(self.decorated(response, record))
            }
            context.jobs.submit(job)
            responder.onClientGone { [weak job] in
                if let job { self.context.jobs.abandon(job) }
            }
        } catch {
            admission.release()
            context.metrics.countJob(JobOutcome(error.code))
            responder.send(response(to: error, request, record))
        }
    }

    private func response(
        to error: ServiceError, _ request: HTTPServerRequest?, _ record: ExchangeRecord
    ) -> HTTPServerResponse {
        record.fail(error.code)
        var response = error.response
        if error.code == .methodNotAllowed, let request, let route = router.route(request.path) {
            response.fields[.allow] = route.allow
        }
        return decorated(response, record)
    }

    private func decorated(_ response: HTTPServerResponse, _ record: ExchangeRecord)
        -> HTTPServerResponse
    {
        var response = response
        response.fields[.xRequestID] = record.id
        return response
    }
}
