import Codecs
import Inference

/// A network, ready to run.
package struct Model: Sendable {
    let evaluator: LossEvaluator

    var extractor: Extractor { evaluator.extractor }
    var network: Network { extractor.network }

    init(extractor: Extractor) { evaluator = LossEvaluator(extractor: extractor) }

    /// What every answer and the log say of the weights; none as a rule.
    var warnings: [Warning] {
        guard let declared = network.overriddenPreprocessing else { return [] }
        return [
            Warning(
                code: "overridden_preprocessing",
                detail: "The weights say that they are for \(declared.name) input; the service was "
                    + "started to feed them as \(network.preprocessing.name).")
        ]
    }

    /// The `model` of answers.
    var json: JSON {
        [
            "name": .string(network.name), "sha256": .string(network.sha256),
            "preprocessing": .string(network.preprocessing.name),
        ]
    }
}
