import Codecs
import HTTP
import HTTPTypes
import Inference

/// The answer of POST /v1/losses and of `compare`, in the shape and order that api documentation
/// shows.
struct LossAnswer: Sendable {
    struct Result: Sendable {
        let losses: PairLosses
        var targetDigest: TargetDigest?
        var isTargetCached = false

        var json: JSON {
            var members: [JSON.Member] = [.init("total", .number(losses.total))]
            for term in losses.terms.sorted(by: { Self.place($0.term) < Self.place($1.term) }) {
                members.append(.init(term.term.rawValue, LossAnswer.json(term)))
            }
            if let targetDigest {
                members.append(.init("target_digest", .string(targetDigest.description)))
                members.append(.init("target_cached", .bool(isTargetCached)))
            }
            return .object(members)
        }

        private static let order: [Term] = [
            .pixelValid, .pixelHole, .style, .styleComp, .perceptual, .perceptualComp, .tv,
        ]

        private static func place(_ term: Term) -> Int { order.firstIndex(of: term) ?? order.count }
    }

    let id: String
    /// nil when no network was run.
    var model: Model?
    let options: JSON
    let preset: String
    let results: [Result]
    var warnings: [Warning] = []
    let timings: [(name: String, milliseconds: Double)]

    /// The answer for given features.
    init(
        id: String, preset: String, options: JSON, results: [Result],
        timings: [(name: String, milliseconds: Double)]
    ) {
        self.id = id
        self.preset = preset
        self.options = options
        self.results = results
        self.timings = timings
    }

    /// The answer for images.
    init(
        id: String, model: Model, options: LossOptions, arrays: ArrayOptions, hasMask: Bool,
        results: [Result], warnings: [Warning], timings: [(name: String, milliseconds: Double)]
    ) {
        self.id = id
        self.model = model
        preset = options.preset
        self.options = [
            "gram": .string(options.gram.rawValue),
            "style_layers": Self.json(options.styleLayers),
            "perceptual_layers": Self.json(options.perceptualLayers),
            "layout": JSON(arrays.layout?.rawValue), "range": JSON(arrays.range?.rawValue),
            "mask_polarity": hasMask ? .string(options.maskPolarity.rawValue) : .null,
        ]
        self.results = results
        self.warnings = warnings
        self.timings = timings
    }

    var json: JSON {
        var members: [JSON.Member] = [.init("id", .string(id)), .init("preset", .string(preset))]
        if let model { members.append(.init("model", model.json)) }
        members += [
            .init("options", options), .init("results", .array(results.map(\.json))),
            .init("warnings", .array(warnings.map(\.json))),
            .init(
                "timings_ms",
                .object(timings.map { .init($0.name, .number(Self.rounded($0.milliseconds))) })),
        ]
        return .object(members)
    }

    /// The answer over HTTP, with its timings as `Server-Timing` (W3C) as well.
    var response: HTTPServerResponse {
        var response = HTTPServerResponse(json)
        response.fields[.serverTiming] = timings.map {
            "\($0.name);dur=\(Self.rounded($0.milliseconds))"
        }
        .joined(separator: ", ")
        return response
    }

    static func json(_ layers: [LayerWeight]) -> JSON {
        .object(layers.map { .init($0.tap.description, .number($0.weight)) })
    }

    private static func json(_ term: TermLoss) -> JSON {
        var members: [JSON.Member] = [
            .init("loss", .number(term.loss)), .init("weight", .number(term.weight)),
        ]
        if let layers = term.layers {
            members.append(
                .init("layers", .object(layers.map { .init($0.name, .number($0.loss)) })))
        }
        return .object(members)
    }

    /// To the microsecond.
    private static func rounded(_ milliseconds: Double) -> Double {
        (milliseconds * 1000).rounded() / 1000
    }
}
