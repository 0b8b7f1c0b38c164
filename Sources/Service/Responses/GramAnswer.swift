import Codecs
import HTTP
import Inference

/// The answer of POST /v1/gram in any of its three forms.
struct GramAnswer: Sendable {
    struct Layer: Sendable {
        let name: String
        /// One a sample, at least one.
        let matrices: [GramMatrix]

        var shape: [Int] { [matrices.count, matrices[0].order, matrices[0].order] }
    }

    let kind: GramKind
    let layers: [Layer]

    /// The form the client likes best. An npy file holds one array, so it is offered for one layer.
    static func type(_ accept: String?, layers: Int) throws(ServiceError) -> MediaType {
        let offers: [MediaType] = [.json, .safetensors] + (layers == 1 ? [.npy] : [])
        guard let type = MediaType.negotiate(accept: accept, offers: offers) else {
            throw ServiceError(
                .notAcceptable,
                "The answer can be application/json, application/safetensors or, for a single "
                    + "layer, "
                    + "application/x-npy.")
        }
        return type
    }

    /// Bytes of the matrices, as doubles.
    static func workBytes(orders: [Int], samples: Int) -> Int {
        orders.bytes { $0.times($0).times(8).times(samples) }
    }

    /// Bytes of the encoded matrices: a double has up to 24 digits and a comma in JSON, and is a
    /// float in the other forms.
    static func answerBytes(orders: [Int], samples: Int, _ type: MediaType) -> Int {
        orders.bytes { $0.times($0).times(type == .json ? 25 : 4).times(samples) }
    }

    /// - Parameter team: asked whether anybody still waits while the matrices are written down.
    func response(_ type: MediaType, _ team: Team) throws(ServiceError) -> HTTPServerResponse {
        for layer in layers where !layer.matrices.allSatisfy(\.isFinite) {
            throw Self.nonFinite(layer)
        }
        switch type {
        case .safetensors: return HTTPServerResponse(type: type.essence, body: try safetensors())
        case .npy:
            let layer = layers[0]
            return HTTPServerResponse(
                type: type.essence,
                body: NPY.encode(shape: layer.shape, float32: try Self.singles(layer)))
        default:
            do {
                return HTTPServerResponse(
                    type: MediaType.json.essence,
                    body: try json.encode { () throws(InferenceError) in try team.checkCancelled() }
                )
            } catch {
                throw ServiceError(error)
            }
        }
    }

    private var json: JSON {
        let members = layers.map { layer in
            JSON.Member(
                layer.name,
                [
                    "shape": .array(layer.shape.map(JSON.integer)),
                    "data": .numbers(layer.matrices.flatMap(\.values)),
                ])
        }
        return ["gram": .string(kind.rawValue), "layers": .object(members)]
    }

    private func safetensors() throws(ServiceError) -> [UInt8] {
        var tensors: [(name: String, shape: [Int], values: [Float])] = []
        for layer in layers {
            tensors.append(("gram.\(layer.name)", layer.shape, try Self.singles(layer)))
        }
        return SafetensorsFile.encode(tensors, metadata: ["gram": kind.rawValue])
    }

    private static func singles(_ layer: Layer) throws(ServiceError) -> [Float] {
        let values = layer.matrices.flatMap { $0.values.map { Float($0) } }
        guard values.allSatisfy(\.isFinite) else { throw nonFinite(layer) }
        return values
    }

    private static func nonFinite(_ layer: Layer) -> ServiceError {
        ServiceError(
            .nonFiniteResult,
            "The Gram matrix of layer \(layer.name) is not finite; scale the features down.")
    }
}
