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
    /// About the images; of features there are none.
    var warnings: [Warning] = []

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
        for layer in layers {
            for matrix in layer.matrices {
                try team.checkWanted()
                guard matrix.isFinite else { throw Self.nonFinite(layer) }
            }
        }
        switch type {
        case .safetensors:
            return HTTPServerResponse(type: type.essence, body: try safetensors(team))
        case .npy:
            var values: [Float] = []
            try Self.forEachSingle(of: layers[0], team) { values.append($0) }
            return HTTPServerResponse(
                type: type.essence,
                body: try NPY.encode(
                    shape: layers[0].shape, float32: values, checking: team.checkWanted))
        default:
            return HTTPServerResponse(
                type: MediaType.json.essence,
                body: try json(team).encode(checking: team.checkWanted))
        }
    }

    private func json(_ team: Team) throws(ServiceError) -> JSON {
        let members = try layers.map { layer throws(ServiceError) in
            var values: [Double] = []
            try Self.forEachRow(of: layer, team) { values += $0 }
            return JSON.Member(
                layer.name,
                ["shape": .array(layer.shape.map(JSON.integer)), "data": .numbers(values)])
        }
        return [
            "gram": .string(kind.rawValue), "layers": .object(members),
            "warnings": .array(warnings.map(\.json)),
        ]
    }

    private func safetensors(_ team: Team) throws(ServiceError) -> [UInt8] {
        var metadata = ["gram": kind.rawValue]
        metadata["warnings"] = warnings.lines
        return try SafetensorsFile.encode(
            layers.map { ("gram.\($0.name)", $0.shape) }, metadata: metadata
        ) { index, elements throws(ServiceError) in
            var position = 0
            try Self.forEachSingle(of: layers[index], team) {
                elements[position] = $0
                position += 1
            }
        }
    }

    private static func forEachRow(
        of layer: Layer, _ team: Team, _ body: ([Double]) throws(ServiceError) -> Void
    ) throws(ServiceError) {
        for matrix in layer.matrices {
            try matrix.forEachRow { row throws(ServiceError) in
                if team.isCancelled { throw .deadlineExceeded }
                try body(row)
            }
        }
    }

    private static func forEachSingle(
        of layer: Layer, _ team: Team, _ body: (Float) -> Void
    ) throws(ServiceError) {
        try forEachRow(of: layer, team) { row throws(ServiceError) in
            for value in row {
                let single = Float(value)
                guard single.isFinite else { throw nonFinite(layer) }
                body(single)
            }
        }
    }

    private static func nonFinite(_ layer: Layer) -> ServiceError {
        ServiceError(
            .nonFiniteResult,
            "The Gram matrix of layer \(layer.name) is not finite; scale the features down.")
    }
}
