import Codecs
import Inference

/// What a request for losses says beside its images.
public struct ComparisonOptions: Sendable {
    /// Options by their names in a query, such as `style_layers`.
    public var values: [(name: String, value: String)]
    /// The option `loss`, which is a definition in JSON.
    public var loss: JSON?

    /// Options.
    public init(values: [(name: String, value: String)] = [], loss: JSON? = nil) {
        self.values = values
        self.loss = loss
    }

    /// A submission with the options that can be said in JSON alone.
    func submission(_ parts: [(name: String, content: Submission.Content)] = []) -> Submission {
        var submission = Submission(parts: parts)
        if let loss { submission.options = [.init(OptionName.loss.rawValue, loss)] }
        return submission
    }
}

/// The loss that a comparison is by.
public struct ComparedLoss: Sendable {
    /// The terms that are computed, in the order of answers; without masks those that need one are
    /// not.
    public let terms: [Term]
    /// What is to be known of the numbers, whichever images they are of.
    public let warnings: [Warning]

    init(_ loss: Loss, hasMask: Bool, warnings: [Warning]) {
        terms = loss.terms.filter {
            (hasMask || !$0.needsMask) && $0.features?.layers.isEmpty != true
        }
        self.warnings = warnings
    }
}

/// What a comparison found.
public struct ComparisonAnswer: Sendable {
    /// What of one pair of images: files of arrays may hold several.
    public struct Sample: Sendable {
        /// The numbers.
        public let losses: PairLosses
        /// The element of `results` in the answer of POST /v1/losses.
        public let json: JSON
    }

    private let answer: LossAnswer
    /// Where the images differ, as a PNG, when that was asked for.
    public let map: [UInt8]?

    /// In the shape of POST /v1/losses.
    public let json: JSON

    /// - Throws: `insufficient_memory`, and `deadline_exceeded` once nobody waits.
    init(_ answer: LossAnswer, hasMap: Bool, _ team: Team) throws(ServiceError) {
        self.answer = answer
        json = try answer.json(team)
        map = hasMap ? try answer.maps?.picture(team).body : nil
    }

    /// Sample by sample.
    public var samples: [Sample] {
        answer.results.map { Sample(losses: $0.losses, json: $0.json) }
    }
    /// What is to be known of the numbers.
    public var warnings: [Warning] { answer.warnings }
}
