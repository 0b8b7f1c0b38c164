import Codecs
import HTTP
import Inference

/// POST /v2/models/{name}/infer: losses and gradients by the Open Inference Protocol. A model is a
/// preset; the parameters of a request are the options of POST /v1/losses.
struct InferEndpoint: JobEndpoint {
    let context: ServiceContext
    /// Clients of the protocol name none, or application/octet-stream.
    let mediaTypes: [MediaType] = []

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        let preset = try InferenceModel.preset(request.captures)
        let inference = try InferenceRequest(request, .losses)
        var submission = Submission(parts: inference.parts)
        var query = request.query + [(OptionName.preset.rawValue, preset.name)]
        for parameter in inference.parameters {
            // What clients write as text is read as in a query.
            guard case .text(let text) = parameter.value, let name = parameter.name.name else {
                submission.options.append(parameter)
                continue
            }
            query.append((name, text.string))
        }
        query += Self.arrayOptions(inference, query) + Self.gradientOptions(inference)
        let job = try LossJob(
            submission, query: query, id: request.id, models: models,
            targets: TargetCache(context.targets, of: request.tenant),
            accept: MediaType.safetensors.essence, configuration: context.configuration)
        return JobRequest(workBytes: try job.workBytes(), answerBytes: job.answerBytes) {
            run throws(ServiceError) in
            let answer = try job.run(&run)
            context.metrics.pairs.add(job.outputs.count)
            context.metrics.pixels.add(job.pixels)
            return try run.measure(.encode) { team throws(ServiceError) in
                try InferenceAnswer(answer, of: inference, model: preset.name).response(team)
            }
        }
    }

    /// The order of dimensions that a model's metadata states, unless the request says another.
    private static func arrayOptions(
        _ request: InferenceRequest, _ query: [(name: String, value: String)]
    ) -> [(name: String, value: String)] {
        let name = OptionName.layout.rawValue
        let isSaid =
            query.contains { $0.name == name }
            || request.parameters.contains { $0.name.equals(name) }
        return isSaid ? [] : [(name, ImageLayout.nchw.rawValue)]
    }

    /// Whoever asks for the output `gradient`, or `gradient.<term>`, asks for the gradient.
    private static func gradientOptions(
        _ request: InferenceRequest
    ) -> [(name: String, value: String)] {
        let name = OptionName.gradient.rawValue
        let parts = request.outputs.map(\.name).compactMap { output -> String? in
            if output == name { return "total" }
            guard output.hasPrefix(name + ".") else { return nil }
            return String(output.dropFirst(name.count + 1))
        }
        guard !parts.isEmpty else { return [] }
        return [
            (name, GradientOptions.Variable.output.rawValue),
            (OptionName.gradientOf.rawValue, parts.joined(separator: ",")),
        ]
    }
}
