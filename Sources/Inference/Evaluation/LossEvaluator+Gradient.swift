/// The losses of several pairs with their gradients.
public struct GradientEvaluation: Sendable {
    /// Losses, and statistics of the targets that were to be kept.
    public let evaluation: Evaluation
    /// By what was asked for, then by pair: gradients with respect to the outputs, RGB in [0, 1].
    public let gradients: [[ImageGradient]]
    /// How long the ways back took, of the time of all.
    public let backward: Duration
}

extension LossEvaluator {
    /// The losses of every pair as `evaluate` gives them, bit for bit, and the gradients of sums of
    /// weighted terms with respect to the outputs.
    ///
    /// A gradient has the same bits as when its pair is evaluated alone, and whether what the way back
    /// needs is kept or, beyond `keptBytesMax`, walked again.
    /// - Parameters:
    ///   - groups: the positions of the terms of each sum; each costs a way back of its own.
    ///   - keeping: as for `evaluate`; where layers are walked again no statistics are returned.
    ///   - maps: as for `evaluate`.
    /// - Throws: what `evaluate` throws.
    public func gradients(
        _ pairs: [Pair], targets: [Target], loss: Loss, of groups: [Set<Int>],
        keeping: Set<Int> = [], maps: Set<MapPlace> = [], team: Team
    ) throws(InferenceError) -> GradientEvaluation {
        let given = targets.count
        let targets = targets + ownTargets(of: pairs, targets, loss)
        let shapes = Self.withOwnTargets(pairs.map(\.shape), targets: given, loss)
        try check(
            pairs: shapes, targets: targets[..<given].map { TargetShape($0) },
            loss: loss)
        let targetShapes = targets.map { TargetShape($0) }
        let plan = try gradientPlan(
            pairs: shapes, targets: targetShapes, loss: loss, maps: maps, workers: team.workers
        ).plan
        switch plan {
        case .kept(let plan):
            let known = try statistics(of: targets, pairs, shapes, loss, keeping, team)
            var walk = try GradientWalk(
                evaluator: self, plan: plan, boundary: 0, loss: loss, groups: groups,
                pairs: pairs, shapes: shapes, targets: known)
            try walk.run(team)
            return try walk.finished(keeping: keeping, team)
        case .replayed(let plans):
            var losses: [PairLosses] = []
            var precisions: [[Subject: Precision]] = []
            var pictures: [[MapPlace: LossMap]] = []
            var gradients = groups.map { _ in [ImageGradient]() }
            var backward = Duration.zero
            for (number, (plan, boundary)) in plans.enumerated() {
                var walk = try GradientWalk(
                    evaluator: self, plan: plan, boundary: boundary, loss: loss, groups: groups,
                    pairs: [pairs[number]], shapes: [shapes[number]], targets: targets)
                try walk.run(team)
                let ofPair = try walk.finished(keeping: [], team)
                losses += ofPair.evaluation.losses
                precisions += ofPair.evaluation.precisions
                pictures += ofPair.evaluation.maps
                backward += ofPair.backward
                for index in groups.indices { gradients[index] += ofPair.gradients[index] }
            }
            return GradientEvaluation(
                evaluation: Evaluation(
                    losses: losses, precisions: precisions, statistics: [:], maps: pictures),
                gradients: gradients, backward: backward)
        }
    }

    /// An estimate of the bytes that `gradients` takes for so many sums of terms of pairs of these
    /// shapes, besides the images.
    /// - Throws: `unknownLayer`.
    public func estimateGradientBytes(
        pairs: [PairShape], targets: [TargetShape], loss: Loss, count: Int, workers: Int
    ) throws(InferenceError) -> Int {
        let (pairs, targets) = Self.withOwnTargets(pairs, targets, loss)
        let work = try gradientPlan(
            pairs: pairs, targets: targets, loss: loss, workers: workers
        ).bytes
        return pairs.reduce(work) {
            $0 + count * GradientSum.count($1.output) * MemoryLayout<Float>.stride
        }
    }

    /// How many images are recorded together: what is kept of them grows with their pixels.
    static func recordedMax(workers: Int) -> Int { max(4, 2 * workers) }

    // Targets are walked by themselves, for nothing goes back to them.
    private func statistics(
        of targets: [Target], _ pairs: [Pair], _ shapes: [PairShape], _ loss: Loss,
        _ keeping: Set<Int>, _ team: Team
    ) throws(InferenceError) -> [Target] {
        let plan = try EvaluationPlan(
            loss, extractor.network.architecture, pairs: shapes,
            targets: targets.map { TargetShape($0) }, imagesMax: 1)
        var known = targets
        for index in targets.indices where plan.missing[index] != TargetNeeds() {
            let image = image(.target(index), pairs, targets)
            let demands = plan.demands(of: plan.missing[index])
            let results = try extractor.run(
                images: [image], demands: demands, variant: plan.variant,
                preprocessing: loss.input,
                masks: masks(of: [.target(index)], pairs, shapes), team: team)
            var summaries: [Tap: [SummaryKind: Summary]] = [:]
            var maps: [Tap: FeatureMap] = [:]
            for (tap, result) in zip(demands.map(\.tap), results) {
                for (demand, summary) in result.summaries {
                    summaries[tap, default: [:]][demand.kind] = summary
                }
                maps[tap] = result.maps[0]
            }
            let computed = TargetStatistics(
                image: keeping.contains(index) ? image.detached() : image,
                summaries: summaries, maps: maps)
            known[index] = .statistics(
                targets[index].statistics?.joined(with: computed) ?? computed)
        }
        return known
    }
}
