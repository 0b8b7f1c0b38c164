import Codecs
import Inference

/// The network in use, ready to run.
package struct Model: Sendable {
    let evaluator: LossEvaluator

    var extractor: Extractor { evaluator.extractor }
    var network: Network { extractor.network }

    init(extractor: Extractor) { evaluator = LossEvaluator(extractor: extractor) }

    /// The `model` of answers.
    var json: JSON {
        [
            "name": .string(network.name), "sha256": .string(network.sha256),
            "preprocessing": .string(network.preprocessing.name),
        ]
    }
}
