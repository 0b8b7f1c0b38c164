import HTTP
import HTTPTypes
import Inference

/// What `/v1/targets/{digest}` names.
private func digest(_ request: ServiceRequest) throws(ServiceError) -> TargetDigest {
    try TargetDigest(parsing: (request.captures.first ?? "").utf8)
}

/// PUT /v1/targets/{digest}: keeps a target.
struct PutTargetEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.png, .jpeg, .npy, .safetensors, .json, .octetStream]

    /// A digest, a type and a shape.
    private static let answerBytes = 512

    func bodyLimit(_ configuration: Configuration) -> Setting<Int> {
        configuration[.targetCacheBytes] < configuration[.maxBodyBytes]
            ? .targetCacheBytes : .maxBodyBytes
    }

    func check(_ request: ServiceRequest) throws(ServiceError) {
        _ = try digest(request)
        _ = try options(request)
    }

    private func options(_ request: ServiceRequest) throws(ServiceError) -> ArrayOptions {
        try ArrayOptions(OptionSet(query: request.query, known: OptionName.targets))
    }

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let named = try digest(request)
        let options = try options(request)
        let payload = Payload(request.body)
        guard !GivenStatistics.isMeant(payload) else {
            let given = try GivenStatistics(payload, role: "target", request.intake)
            return JobRequest(workBytes: 0, answerBytes: Self.answerBytes) {
                run throws(ServiceError) in
                try run.measure(.decode) { team throws(ServiceError) in
                    try Self.check(payload, named, team)
                }
                return try register(named, .statistics(given), request.tenant)
            }
        }
        let source = try Submission.source(
            .file(payload, contentType: request.fields[.contentType]), "target", options,
            ImageLimits(context.configuration))
        guard source.samples == 1 else {
            throw ServiceError(
                .invalidTensor, "A registered target is one image; put each under its own digest.")
        }
        return JobRequest(workBytes: source.decodedBytes, answerBytes: Self.answerBytes) {
            run throws(ServiceError) in
            try run.measure(.decode) { team throws(ServiceError) in
                try Self.check(payload, named, team)
                // Decoded once for the sake of its faults: they belong to this answer, not to a
                // later one.
                _ = try source.decode(isCancelled: { team.isCancelled })
            }
            return try register(named, .image(source), request.tenant)
        }
    }

    private static func check(
        _ payload: Payload, _ named: TargetDigest, _ team: Team
    ) throws(ServiceError) {
        guard try TargetDigest(of: payload, isCancelled: { team.isCancelled }) == named else {
            throw ServiceError(
                .digestMismatch,
                "The SHA-256 of the body is not the digest in the path; send the bytes it names.")
        }
    }

    private func register(
        _ digest: TargetDigest, _ content: RegisteredTarget.Content, _ tenant: String?
    ) throws(ServiceError) -> HTTPServerResponse {
        let target = RegisteredTarget(digest: digest, content: content)
        let isNew = try TargetCache(context.targets, of: tenant).register(target)
        return HTTPServerResponse(status: isNew ? .created : .ok, target.json)
    }
}

/// GET /v1/targets/{digest}: what is kept under a digest.
struct GetTargetEndpoint: ImmediateEndpoint {
    let context: ServiceContext

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        let asked = try ArrayOptions(
            OptionSet(query: request.query, known: OptionName.targets))
        return HTTPServerResponse(
            try TargetCache(context.targets, of: request.tenant)
                .description(try digest(request), asked: asked))
    }
}

/// DELETE /v1/targets/{digest}: forgets all that is kept under it.
struct DeleteTargetEndpoint: ImmediateEndpoint {
    let context: ServiceContext

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        try TargetCache(context.targets, of: request.tenant).remove(try digest(request))
        return HTTPServerResponse(status: .noContent)
    }
}
