import Codecs
import HTTP
import Inference

/// GET /v2
struct ServerMetadataEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        HTTPServerResponse([
            "name": .string(Version.name), "version": .string(Version.number),
            "extensions": ["binary_tensor_data"],
        ])
    }
}

/// GET /v2/health/live
struct InferenceLivenessEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        HTTPServerResponse(["live": true])
    }
}

/// GET /v2/health/ready
struct InferenceReadinessEndpoint: ImmediateEndpoint {
    let context: ServiceContext

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        try context.readiness.checkReady()
        return HTTPServerResponse(["ready": true])
    }
}

/// GET /v2/models/{name}/ready
struct ModelReadinessEndpoint: ImmediateEndpoint {
    let context: ServiceContext

    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        let preset = try InferenceModel.preset(request.captures)
        try context.readiness.checkReady()
        return HTTPServerResponse(["name": .string(preset.name), "ready": true])
    }
}

/// GET /v2/models/{name}
struct ModelMetadataEndpoint: ImmediateEndpoint {
    func respond(to request: ServiceRequest) throws(ServiceError) -> HTTPServerResponse {
        HTTPServerResponse(InferenceModel.metadata(try InferenceModel.preset(request.captures)))
    }
}

/// What the protocol calls a model: a preset, with its inputs and outputs.
enum InferenceModel {
    /// - Throws: 404 for a name that is no preset's.
    static func preset(_ captures: [String]) throws(ServiceError) -> Loss {
        let name = UTF8Text(captures.first ?? "").name
        guard let preset = name.flatMap(Presets.named) else {
            throw ServiceError(
                .notFound,
                "There is no such model; the models are the presets "
                    + Presets.all.map(\.name).joined(separator: ", ") + ".")
        }
        return preset
    }

    /// Its inputs and outputs; -1 stands for a size that a request decides.
    static func metadata(_ preset: Loss) -> JSON {
        let images: [JSON] = ["output", "target"].map { tensor($0, .fp32, [-1, 3, -1, -1]) }
        let mask = preset.terms.contains(where: \.needsMask)
        var outputs = [tensor("total", .fp64, [-1])]
        for term in preset.terms {
            outputs.append(tensor(term.key, .fp64, [-1]))
            for layer in term.features?.layers ?? [] {
                outputs.append(tensor("\(term.key).\(layer.name)", .fp64, [-1]))
            }
        }
        return [
            "name": .string(preset.name), "versions": [.string(InferenceAnswer.version)],
            "platform": .string(Version.name),
            "inputs": .array(images + (mask ? [tensor("mask", .fp32, [-1, 1, -1, -1])] : [])),
            "outputs": .array(outputs + [tensor("gradient", .fp32, [-1, 3, -1, -1])]),
        ]
    }

    private static func tensor(_ name: String, _ type: TensorDatatype, _ shape: [Int]) -> JSON {
        [
            "name": .string(name), "datatype": .string(type.rawValue),
            "shape": .array(shape.map(JSON.integer)),
        ]
    }
}
