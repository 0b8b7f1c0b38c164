import HTTP
import HTTPTypes

/// The service's side of the server's seam: finds out what a request is, once, and refuses what its
/// head alone condemns.
final class RequestHandler: HTTPHandler {
    /// A body nobody reads, as of a GET, is taken up to this size.
    private static let ignoredBodyBytesMax = 1 << 16

    private let context: ServiceContext
    private let router: Router
    private let accessLog: AccessLog

    init(context: ServiceContext, router: Router, accessLog: AccessLog) {
        self.context = context
        self.router = router
        self.accessLog = accessLog
    }

    func admit(_ request: HTTPServerRequest) -> HTTPAdmission {
        let match = router.match(request.path)
        var record = RequestRecord(request, match?.route)
        let isProbe = match?.route.isProbe ?? false
        do {
            // What a path answers is no secret, and a browser asks it without a key.
            if let match, request.head.method != .options {
                record.tenant = try context.access.tenant(of: request, match.route.access)
            }
            let (work, verdict) = try judge(request, match, record)
            return HTTPAdmission(
                exchange: Exchange(record, work, context, accessLog), verdict: verdict,
                isServedWhenFull: isProbe)
        } catch {
            if JobOutcome(error.code) == .rejected { context.metrics.countJob(.rejected) }
            let exchange = Exchange(record, .refusal, context, accessLog)
            return HTTPAdmission(
                exchange: exchange, verdict: .refuse(exchange.refuse(error)),
                isServedWhenFull: isProbe)
        }
    }

    func exchange(for head: HTTPPartialHead) -> any HTTPExchange {
        Exchange(RequestRecord(head), .refusal, context, accessLog)
    }

    /// The checks of a head, cheap ones first, and what is left to do when it passes.
    private func judge(
        _ request: HTTPServerRequest, _ match: Router.Match?, _ record: RequestRecord
    ) throws(ServiceError) -> (Exchange.Work, HTTPAdmission.Verdict) {
        guard let match else {
            throw router.nothing(at: request.path)
        }
        let call = ServiceRequest(request, record, captures: match.captures)
        switch try operation(match.route, request.head.method) {
        case .immediate(let endpoint):
            return (
                .immediate(endpoint, call),
                .accept(bodyBytesMax: Self.ignoredBodyBytesMax, deadline: nil)
            )
        case .job(let endpoint):
            let deadline = try Admission.deadline(
                request, standardMs: context.configuration[.requestTimeoutMs])
            try Admission.checkType(request, endpoint.mediaTypes)
            let limit = bodyLimit(endpoint)
            try Admission.checkLength(request, limit, context.configuration)
            try endpoint.check(call)
            try context.readiness.checkOpen()
            try context.jobs.budget.checkRoom(bodyBytes: request.framing.declaredBytes ?? 0)
            return (
                .job(endpoint, call, bodyLimit: limit, deadline: deadline),
                .accept(bodyBytesMax: context.configuration[limit], deadline: deadline)
            )
        }
    }

    private func operation(
        _ route: Route, _ method: HTTPRequest.Method
    ) throws(ServiceError) -> Operation {
        guard method == .options else { return try route.operation(method) }
        return .immediate(
            OptionsEndpoint(allow: route.allow, crossOrigins: context.access.crossOrigins))
    }

    /// The setting that limits a body: a queue that holds fewer bytes than an endpoint takes would
    /// refuse the rest for ever, so it is a limit as well.
    private func bodyLimit(_ endpoint: any JobEndpoint) -> Setting<Int> {
        let setting = endpoint.bodyLimit(context.configuration)
        return context.configuration[.queueBytes] < context.configuration[setting]
            ? .queueBytes : setting
    }
}
