import Codecs
import HTTP
import Inference

/// The answer of POST /v1/gram in any of its three forms: Gram matrices, or another statistic.
struct GramAnswer: Sendable {
    struct Layer: Sendable {
        let name: String
        /// C
        let channels: Int
        /// One a sample, at least one.
        let values: [StatisticValue]
    }

    let statistic: Statistic
    let kind: Statistic.Kind
    /// What the statistics are of; nil for features that a client computed.
    var origin: StatisticsOrigin?
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

    /// Bytes of the values of layers of so many channels, as doubles.
    static func workBytes(_ kind: Statistic.Kind, channels: [Int], samples: Int) -> Int {
        channels.bytes { kind.count(channels: $0).times(8).times(samples) }
    }

    /// Bytes of the encoded values: a double has up to 24 digits and a comma in JSON, and is a float in
    /// the other forms; and of what they are of.
    static func answerBytes(
        _ kind: Statistic.Kind, channels: [Int], samples: Int, _ type: MediaType
    ) -> Int {
        channels.bytes { kind.count(channels: $0).times(type == .json ? 25 : 4).times(samples) }
            .plus(samples.times(64)).plus(4096)
    }

    /// - Parameter team: asked whether anybody still waits while the values are written down.
    func response(_ type: MediaType, _ team: Team) throws(ServiceError) -> HTTPServerResponse {
        switch type {
        case .safetensors:
            return HTTPServerResponse(type: type.essence, body: try safetensors(team))
        case .npy:
            var values: [Float] = []
            try forEachSingle(of: layers[0], team) { values.append($0) }
            return HTTPServerResponse(
                type: type.essence,
                body: try NPY.encode(
                    shape: shape(layers[0]), float32: values, checking: team.checkWanted))
        default:
            return HTTPServerResponse(
                type: MediaType.json.essence,
                body: try json(team).encode(checking: team.checkWanted))
        }
    }

    private func shape(_ layer: Layer) -> [Int] {
        [layer.values.count] + kind.shape(channels: layer.channels)
    }

    /// The name of the matrix, where it has one.
    private var gramName: String? {
        guard case .gram(let gram) = statistic else { return nil }
        return GramKind.allCases.first { Gram($0) == gram }?.rawValue
    }

    private func json(_ team: Team) throws(ServiceError) -> JSON {
        let members = try layers.map { layer throws(ServiceError) in
            var values: [Double] = []
            try forEachRow(of: layer, team) { row throws(ServiceError) in
                guard row.allSatisfy(\.isFinite) else { throw nonFinite(layer) }
                values += row
            }
            return JSON.Member(
                layer.name,
                ["shape": .array(shape(layer).map(JSON.integer)), "data": .numbers(values)])
        }
        return [
            "statistic": .string(kind.rawValue), "gram": JSON(gramName),
            "origin": origin?.json ?? .null, "layers": .object(members),
            "warnings": .array(warnings.map(\.json)),
        ]
    }

    private func safetensors(_ team: Team) throws(ServiceError) -> [UInt8] {
        var metadata = ["statistic": kind.rawValue]
        metadata["gram"] = gramName
        metadata[StatisticsValues.originName] = origin?.text
        metadata["warnings"] = warnings.lines
        return try SafetensorsFile.encode(
            layers.map { ("\(kind.rawValue).\($0.name)", shape($0)) }, metadata: metadata
        ) { index, elements throws(ServiceError) in
            var position = 0
            try forEachSingle(of: layers[index], team) {
                elements[position] = $0
                position += 1
            }
        }
    }

    private func forEachRow(
        of layer: Layer, _ team: Team, _ body: ([Double]) throws(ServiceError) -> Void
    ) throws(ServiceError) {
        for value in layer.values {
            switch value {
            case .matrix(let matrix):
                try matrix.forEachRow { row throws(ServiceError) in
                    if team.isCancelled { throw .deadlineExceeded }
                    try body(row)
                }
            case .vectors(let vectors):
                for vector in vectors { try body(vector) }
            case .gaussian: preconditionFailure("a normal distribution is not answered")
            }
        }
    }

    private func forEachSingle(
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

    private func nonFinite(_ layer: Layer) -> ServiceError {
        ServiceError(
            .nonFiniteResult,
            "The \(kind == .gram ? "Gram matrix" : "statistic") of layer \(layer.name) is not "
                + "finite; scale the features down.")
    }
}
