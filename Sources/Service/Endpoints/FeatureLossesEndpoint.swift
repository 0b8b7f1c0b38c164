import Codecs
import HTTP
import Inference

/// POST /v1/losses/features: losses of features that the client computed; no network is run.
struct FeatureLossesEndpoint: JobEndpoint {
    let context: ServiceContext
    let mediaTypes: [MediaType] = [.safetensors, .multipart]

    private struct Layer {
        let name: String
        let output: FeatureSource
        let target: FeatureSource

        /// - Throws: `shape_mismatch`, before anything is read or taken for the layer.
        func check() throws(ServiceError) {
            guard output.samples == target.samples else {
                throw ServiceError(
                    .shapeMismatch,
                    "\(output.name) has \(output.samples) samples and \(target.name) "
                        + "\(target.samples); samples are matched index by index.")
            }
            guard output.channels == target.channels else {
                throw ServiceError(
                    .shapeMismatch,
                    "\(output.name) has \(output.channels) channels and \(target.name) "
                        + "\(target.channels); they must be equal.")
            }
        }
    }

    func prepare(_ request: ServiceRequest, model: Model) throws(ServiceError) -> JobRequest {
        let submission = try Submission(request, isPart: Self.isPart)
        let set = try OptionSet(
            query: request.query, json: submission.options, known: OptionName.featureLosses)
        let layers = try layers(submission, set)
        let options = try FeatureLossOptions(set, layers: Set(layers.map(\.name)))
        let preset = try Preset.named(in: set).name
        let echo = Self.echo(options, layers.map(\.name), layers[0].output.layout)
        return JobRequest(workBytes: workBytes(layers)) { run throws(ServiceError) in
            let comparison = try run.measure(.decode) { _ throws(ServiceError) in
                try Self.comparison(layers, options)
            }
            let losses = try run.measure(.losses) { team throws(ServiceError) in
                do throws(InferenceError) {
                    return try comparison.evaluate(
                        instructionSet: model.extractor.instructionSet, team: team)
                } catch {
                    throw ServiceError(error)
                }
            }
            context.metrics.pairs.add(losses.count)
            let answer = LossAnswer(
                id: request.id, preset: preset, options: echo,
                results: losses.map { LossAnswer.Result(losses: $0) }, timings: run.timings)
            return try run.measure(.encode) { _ throws(ServiceError) in answer.response }
        }
    }

    private static func isPart(_ name: String) -> Bool {
        let halves = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        return halves.count == 2 && ["output", "target"].contains(halves[0])
            && Submission.isLayerName(halves[1])
    }

    private func layers(_ submission: Submission, _ set: OptionSet) throws(ServiceError) -> [Layer]
    {
        let outputs = try submission.features("output", set, context.configuration)
        let targets = try submission.features("target", set, context.configuration)
        guard !outputs.isEmpty else {
            throw ServiceError(
                .missingInput, "There is no tensor output.<layer>; send one or more.")
        }
        if let extra = targets.first(where: { target in
            !outputs.contains { $0.layer == target.layer }
        }) {
            throw ServiceError(
                .missingInput, "There is target.\(extra.layer), but no output.\(extra.layer).")
        }
        var layers: [Layer] = []
        for (name, output) in outputs {
            guard let target = targets.first(where: { $0.layer == name })?.source else {
                throw ServiceError(.missingInput, "There is output.\(name), but no target.\(name).")
            }
            let layer = Layer(name: name, output: output, target: target)
            try layer.check()
            layers.append(layer)
        }
        return layers
    }

    /// The values, and the two matrices of every sample of a layer that can be under way at once.
    private func workBytes(_ layers: [Layer]) -> Int {
        let values = layers.bytes { $0.output.decodedBytes.plus($0.target.decodedBytes) }
        let matrices = layers.map { $0.output.gramBytes.plus($0.target.gramBytes) }.max() ?? 0
        let tasks = layers.bytes(\.output.samples)
        return values.plus(matrices.times(min(context.configuration[.workers], tasks)))
    }

    private static func comparison(
        _ layers: [Layer], _ options: FeatureLossOptions
    ) throws(ServiceError) -> FeatureComparison {
        var decoded: [FeatureLayer] = []
        for layer in layers {
            let (output, target) = (try layer.output.decode(), try layer.target.decode())
            do {
                decoded.append(try FeatureLayer(name: layer.name, output: output, target: target))
            } catch {
                throw ServiceError(error)
            }
        }
        do {
            return try FeatureComparison(layers: decoded, options: options)
        } catch {
            throw ServiceError(error)
        }
    }

    private static func echo(
        _ options: FeatureLossOptions, _ names: [String], _ layout: FeatureLayout
    ) -> JSON {
        func json(_ weights: [String: Double]?) -> JSON {
            .object(
                names.compactMap { name in
                    guard let weights else { return .init(name, .number(1)) }
                    return weights[name].map { .init(name, .number($0)) }
                })
        }
        return [
            "gram": .string(options.gram.rawValue), "style_layers": json(options.styleWeights),
            "perceptual_layers": json(options.perceptualWeights),
            "layout": .string(layout.rawValue),
            "range": .null, "mask_polarity": .null,
        ]
    }
}
