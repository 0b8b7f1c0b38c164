import Dispatch
import HTTP

/// An operation that computes: a worker judges its body and does its work.
package protocol JobEndpoint: Sendable {
    /// Media types of bodies.
    var mediaTypes: [MediaType] { get }

    /// The setting that limits the body.
    func bodyLimit(_ configuration: Configuration) -> Setting<Int>

    /// What the head alone tells, before the body is read.
    func check(_ request: ServiceRequest) throws(ServiceError)

    /// Reads the body as far as it takes to know what is asked for: types, options, headers of
    /// images, shapes. Nothing is decoded yet.
    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest
}

extension JobEndpoint {
    package func bodyLimit(_ configuration: Configuration) -> Setting<Int> { .maxBodyBytes }

    package func check(_ request: ServiceRequest) throws(ServiceError) {}
}

/// An operation that is answered at once.
protocol ImmediateEndpoint: Sendable {
    /// Where: on the event loop when nil, else on a queue beside it, for what may wait for files.
    var queue: DispatchQueue? { get }

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse
}

extension ImmediateEndpoint {
    var queue: DispatchQueue? { nil }
}
