extension LossEvaluator {
    /// The images that can be walked as their difference from a target, and the index of that.
    func candidates(
        _ pairs: [PairShape], _ targets: [TargetShape], _ loss: Loss
    ) throws(InferenceError) -> [StackRole: Int] {
        guard loss.allowsDifference(extractor.network.architecture) else { return [:] }
        let terms = try loss.layeredTerms(in: extractor.network.architecture)
        var candidates: [StackRole: Int] = [:]
        for (number, pair) in pairs.enumerated() {
            for subject in Subject.allCases {
                guard let target = pair.singleTarget(subject, terms),
                    targets[target].size == pair.output, targets[target].hasImage
                else { continue }
                candidates[.subject(subject, pair: number)] = target
            }
        }
        return candidates
    }
}
