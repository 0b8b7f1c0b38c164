import HTTP

/// What a request asks for, once everything cheap about it has been checked: the memory it will
/// take and the work.
struct JobRequest: Sendable {
    /// Bytes the work takes beside the body.
    let workBytes: Int
    let work: Job.Work
}

/// An operation that computes: its body is judged on the intake queue, its work is done by a
/// worker.
protocol JobEndpoint: Sendable {
    /// Media types of bodies.
    var mediaTypes: [MediaType] { get }

    /// The setting that limits the body.
    func bodyLimit(_ configuration: Configuration) -> Setting

    /// Checks what is cheap: types, options, headers of images, shapes.
    func prepare(_ request: HTTPServerRequest, model: Model, id: String) throws(ServiceError)
        -> JobRequest
}

extension JobEndpoint {
    func bodyLimit(_ configuration: Configuration) -> Setting { .maxBodyBytes }
}

/// An operation that is answered on the event loop, at once.
protocol ImmediateEndpoint: Sendable {
    func respond(to request: HTTPServerRequest) throws(ServiceError) -> HTTPServerResponse
}
