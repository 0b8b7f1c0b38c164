import HTTP
import Inference

/// GET /v1/info
struct InfoEndpoint: ImmediateEndpoint {
    let context: ServiceContext

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        let models = try context.readiness.models()
        return HTTPServerResponse(
            ServiceInfo(models: models, configuration: context.configuration).json)
    }
}

/// GET /v1/presets
struct PresetsEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        HTTPServerResponse(["presets": .array(Presets.all.map(\.json))])
    }
}
