import HTTP

/// GET /openapi.yaml: the committed file, byte for byte.
struct OpenAPIEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        // RFC 9512 registers the type.
        HTTPServerResponse(type: "application/yaml", body: unsafe Array(EmbeddedResources.openapi))
    }
}
