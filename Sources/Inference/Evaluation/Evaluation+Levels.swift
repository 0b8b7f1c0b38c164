extension Evaluation {
    /// The losses of several sizes of the same pairs, at least one, added; how they were compared and what
    /// is mapped is that of the first. No statistics: those of each size are of a target of its own.
    /// - Throws: `nonFiniteResult`.
    public static func sum(_ levels: [Evaluation]) throws(InferenceError) -> Evaluation {
        guard levels.count > 1 else { return levels[0] }
        let losses = levels[0].losses.indices.map { pair in
            PairLosses(adding: levels.map { $0.losses[pair] })
        }
        try losses.checkFinite()
        return Evaluation(
            losses: losses, precisions: levels[0].precisions, statistics: [:],
            maps: levels[0].maps)
    }
}

extension [PairLosses] {
    /// - Throws: `nonFiniteResult` for the first number that is infinite or NaN.
    func checkFinite() throws(InferenceError) {
        for (number, losses) in enumerated() {
            guard let name = losses.firstNonFinite else { continue }
            throw .nonFiniteResult("\(name) of pair \(number) is not finite")
        }
    }
}
