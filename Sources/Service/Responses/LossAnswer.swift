import Codecs
import HTTP
import HTTPTypes
import Inference

/// The answer of POST /v1/losses and of `compare`, with the terms in the order of the loss's
/// definition.
struct LossAnswer: Sendable {
    struct Result: Sendable {
        let losses: PairLosses
        /// How features were compared, by the key of the term; none for given features.
        var precisions: [String: Precision] = [:]
        var targetDigest: TargetDigest?
        var isTargetCached = false

        var json: JSON {
            var members: [JSON.Member] = [.init("total", .number(losses.total))]
            for term in losses.terms {
                members.append(.init(term.key, LossAnswer.json(term, precisions[term.key])))
            }
            if let targetDigest {
                members.append(.init("target_digest", .string(targetDigest.description)))
                members.append(.init("target_cached", .bool(isTargetCached)))
            }
            return .object(members)
        }
    }

    let id: String
    /// nil when no network was run.
    var model: Model?
    private let options: [JSON.Member]
    let choice: LossChoice
    let results: [Result]
    var warnings: [Warning] = []
    let timings: [(name: String, milliseconds: Double)]
    let gradients: LossGradients?
    let maps: LossMaps?

    /// The answer for given features.
    init(
        id: String, choice: LossChoice, layout: FeatureLayout?, results: [Result],
        timings: [(name: String, milliseconds: Double)], gradients: LossGradients?
    ) {
        self.id = id
        self.choice = choice
        options = choice.echo(layout: layout?.rawValue, range: nil, hasMask: false)
        self.results = results
        self.timings = timings
        self.gradients = gradients
        maps = nil
    }

    /// The answer for images.
    init(
        id: String, model: Model, choice: LossChoice, arrays: ArrayOptions, hasMask: Bool,
        results: [Result], warnings: [Warning], timings: [(name: String, milliseconds: Double)],
        gradients: LossGradients?, maps: LossMaps?
    ) {
        self.id = id
        self.model = model
        self.choice = choice
        let outOfRange = JSON.Member("out_of_range", .string(arrays.outOfRange.rawValue))
        options =
            choice.echo(
                layout: arrays.layout?.rawValue, range: arrays.range?.rawValue, hasMask: hasMask)
            + (arrays.outOfRange == .refuse ? [] : [outOfRange])
        self.results = results
        self.warnings = warnings
        self.timings = timings
        self.gradients = gradients
        self.maps = maps
    }

    private var type: MediaType { gradients?.options.type ?? maps?.options.type ?? .json }

    /// - Parameter team: asked whether anybody still waits while arrays are written down.
    /// - Throws: `deadline_exceeded`, `insufficient_memory`.
    func json(_ team: Team) throws(ServiceError) -> JSON {
        try json(withArrays: type == .json, team)
    }

    private func json(withArrays: Bool, _ team: Team) throws(ServiceError) -> JSON {
        var members: [JSON.Member] = [
            .init("id", .string(id)), .init("preset", JSON(choice.preset)),
        ]
        if !choice.changed.isEmpty {
            members.append(
                .init("changed", .array(choice.changed.map { .string($0.rawValue) })))
        }
        if let model { members.append(.init("model", model.json)) }
        members += [
            .init("options", .object(options + (gradients?.echo ?? []))),
            .init(
                "results",
                .array(
                    try results.indices.map { pair throws(ServiceError) in
                        try result(pair, withArrays: withArrays, team)
                    })),
            .init("warnings", .array(warnings.map(\.json))),
            .init(
                "timings_ms",
                .object(timings.map { .init($0.name, .number(Self.rounded($0.milliseconds))) })),
        ]
        return .object(members)
    }

    private func result(
        _ pair: Int, withArrays: Bool, _ team: Team
    ) throws(ServiceError) -> JSON {
        guard case .object(var members) = results[pair].json else { return results[pair].json }
        if let gradients {
            members.append(.init("gradient_norm", gradients.norms(of: pair)))
            if withArrays {
                members.append(.init("gradient", try gradients.arrays(of: pair, team)))
            }
        }
        if let maps, withArrays {
            members.append(.init("maps", try maps.json(ofPair: pair, team)))
        }
        return .object(members)
    }

    // The JSON answer stands in it as a tensor, for safetensors' own loader drops metadata.
    private func safetensors(_ team: Team) throws(ServiceError) -> HTTPServerResponse {
        let json = try json(withArrays: false, team).encode(checking: team.checkWanted)
        let tensors =
            [
                SafetensorsTensor(
                    "total", shape: [results.count], float64: results.map(\.losses.total))
            ] + (gradients?.safetensors() ?? []) + (maps?.safetensors() ?? []) + [
                SafetensorsTensor("json", bytes: json)
            ]
        return HTTPServerResponse(
            type: MediaType.safetensors.essence,
            body: try SafetensorsFile.encode(
                tensors, metadata: metadata, checking: team.checkWanted))
    }

    private var metadata: [String: String] {
        var metadata = ["gradient_with_respect_to": gradients?.variable]
        metadata["preset"] = choice.preset
        metadata["model"] = model?.network.name
        metadata["sha256"] = model?.network.sha256
        return metadata.compactMapValues(\.self)
    }

    /// The answer over HTTP, with its timings as `Server-Timing` (W3C) as well.
    /// - Parameter team: asked whether anybody still waits while it is written down.
    /// - Throws: `deadline_exceeded`, `insufficient_memory`.
    func response(_ team: Team) throws(ServiceError) -> HTTPServerResponse {
        var response: HTTPServerResponse
        switch (type, maps) {
        case (.safetensors, _): response = try safetensors(team)
        case (.png, let maps?): response = try maps.picture(team)
        default: response = try HTTPServerResponse(try json(team), checking: team.checkWanted)
        }
        response.fields[.serverTiming] = timings.map {
            "\($0.name);dur=\(Self.rounded($0.milliseconds))"
        }
        .joined(separator: ", ")
        return response
    }

    private static func json(_ term: TermLoss, _ precision: Precision?) -> JSON {
        var members: [JSON.Member] = [
            .init("loss", .number(term.loss)), .init("weight", .number(term.weight)),
        ]
        if let layers = term.layers {
            members.append(
                .init("layers", .object(layers.map { .init($0.name, .number($0.loss)) })))
        }
        if let precision { members.append(.init("precision", .string(precision.rawValue))) }
        return .object(members)
    }

    /// To the microsecond.
    private static func rounded(_ milliseconds: Double) -> Double {
        (milliseconds * 1000).rounded() / 1000
    }
}
