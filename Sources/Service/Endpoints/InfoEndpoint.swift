import HTTP
import Inference

/// GET /v1/info
struct InfoEndpoint: ImmediateEndpoint {
    let context: ServiceContext

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        let model = try context.readiness.model()
        return HTTPServerResponse(
            ServiceInfo(model: model, configuration: context.configuration).json)
    }
}

/// GET /v1/presets
struct PresetsEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        HTTPServerResponse(["presets": .array(Presets.all.map(\.json))])
    }
}
