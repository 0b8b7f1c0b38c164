import Codecs
import Inference

/// The work of POST /v1/losses/features: features of a submission, decoded, compared, and written
/// down.
struct FeatureLossJob: Sendable {
    private struct Layer {
        let name: String
        let output: FeatureSource
        let target: FeatureSource
    }

    private let id: String
    private let layers: [Layer]
    private let choice: LossChoice
    private let evaluator: FeatureEvaluator
    private let gradient: GradientOptions?
    private let instructionSet: InstructionSet
    private let workers: Int

    /// Checks everything that headers and options tell, before anything is read or taken for a layer.
    init(
        _ submission: Submission, query: [(name: String, value: String)], id: String,
        accept: String?, instructionSet: InstructionSet, configuration: Configuration
    ) throws(ServiceError) {
        self.id = id
        self.instructionSet = instructionSet
        workers = configuration[.workers]
        let set = try OptionSet(
            query: query, body: submission, known: OptionName.featureLosses)
        layers = try Self.layers(submission, set, configuration)
        choice = try LossChoice(set, layers: layers.map(\.name))
        gradient = try GradientOptions(
            set, submission, choice.loss, hasMask: false,
            samples: layers[0].output.dimensions.samples, accept: accept)
        do {
            evaluator = try FeatureEvaluator(
                choice.loss,
                layers: layers.map { ($0.name, $0.output.dimensions, $0.target.dimensions) })
        } catch {
            throw ServiceError(error)
        }
    }

    private static func layers(
        _ submission: Submission, _ set: OptionSet, _ configuration: Configuration
    ) throws(ServiceError) -> [Layer] {
        let outputs = try submission.features("output", set, configuration)
        let targets = try submission.features("target", set, configuration)
        guard !outputs.isEmpty else {
            throw ServiceError(
                .missingInput, "There is no tensor output.<layer>; send one or more.")
        }
        let names = Set(outputs.map(\.layer))
        if let extra = targets.first(where: { !names.contains($0.layer) }) {
            throw ServiceError(
                .missingInput, "There is target.\(extra.layer), but no output.\(extra.layer).")
        }
        let sources = Dictionary(
            targets.map { ($0.layer, $0.source) }, uniquingKeysWith: { first, _ in first })
        var layers: [Layer] = []
        for (name, output) in outputs {
            guard let target = sources[name] else {
                throw ServiceError(.missingInput, "There is output.\(name), but no target.\(name).")
            }
            layers.append(Layer(name: name, output: output, target: target))
        }
        return layers
    }

    /// Bytes of the values, and of the work on the samples that can be under way at once.
    var workBytes: Int {
        let work = layers.bytes { $0.output.decodedBytes.plus($0.target.decodedBytes) }
            .plus(evaluator.estimateBytes(workers: workers))
            .plus(LossAnswer.bytes(choice.loss, results: evaluator.samples).work)
        guard let gradientBytes else { return work }
        return work.plus(gradientBytes.work)
            .plus(evaluator.estimateGradientBytes(workers: workers))
    }

    private var gradientBytes: (work: Int, answer: Int)? {
        gradient.map { options in
            LossGradients.bytes(layers.map(\.output), options)
        }
    }

    /// Bytes of the answer: thousands of layers with names of a client's own make a long one.
    var answerBytes: Int {
        LossAnswer.bytes(choice.loss, results: evaluator.samples).answer
            .plus(gradientBytes?.answer ?? 0)
    }

    /// Does the work.
    func run(_ run: inout JobRun) throws(ServiceError) -> LossAnswer {
        let tensors = try run.measure(.decode) { team throws(ServiceError) in
            var tensors: [(output: FeatureTensor, target: FeatureTensor)] = []
            for layer in layers {
                tensors.append(
                    (
                        try layer.output.decode { team.isCancelled },
                        try layer.target.decode { team.isCancelled }
                    ))
            }
            return tensors
        }
        let (losses, gradients) = try evaluate(tensors, &run)
        return LossAnswer(
            id: id, choice: choice, layout: layers.first?.output.dimensions.layout,
            results: losses.map { LossAnswer.Result(losses: $0) }, timings: run.timings,
            gradients: gradients)
    }

    private func evaluate(
        _ tensors: FeatureEvaluator.Tensors, _ run: inout JobRun
    ) throws(ServiceError) -> ([PairLosses], LossGradients?) {
        guard let gradient else {
            let losses = try run.measure(.losses) { team throws(ServiceError) in
                do throws(InferenceError) {
                    return try evaluator.evaluate(
                        tensors, instructionSet: instructionSet, team: team)
                } catch {
                    throw ServiceError(error)
                }
            }
            return (losses, nil)
        }
        let evaluation = try run.measure(.losses) { team throws(ServiceError) in
            do throws(InferenceError) {
                return try evaluator.gradients(tensors, instructionSet: instructionSet, team: team)
            } catch {
                throw ServiceError(error)
            }
        }
        run.move(evaluation.backward, from: .losses, to: .gradient)
        let gradients = try run.measure(.gradient) { team throws(ServiceError) in
            try LossGradients(
                gradient, layers.map { ($0.name, $0.output.dimensions) }, evaluation.gradients,
                team)
        }
        return (evaluation.losses, gradients)
    }
}
