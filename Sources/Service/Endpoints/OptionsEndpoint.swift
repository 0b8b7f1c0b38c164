import HTTP
import HTTPTypes

/// OPTIONS of any path (RFC 9110 §9.3.7), a browser's preflight among them.
struct OptionsEndpoint: ImmediateEndpoint {
    let allow: String
    let crossOrigins: CrossOrigins

    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        var response = HTTPServerResponse(status: .noContent)
        response.fields[.allow] = allow
        crossOrigins.markPreflight(&response.fields, request.fields, methods: allow)
        return response
    }
}
