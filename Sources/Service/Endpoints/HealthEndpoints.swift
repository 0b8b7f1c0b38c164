import HTTP

/// GET /livez and /healthz: the process answers.
struct LivenessEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        HTTPServerResponse(["status": "live"])
    }
}

/// GET /readyz: new requests are welcome.
struct ReadinessEndpoint: ImmediateEndpoint {
    let context: ServiceContext

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        try context.readiness.checkReady()
        return HTTPServerResponse(["status": "ready"])
    }
}
