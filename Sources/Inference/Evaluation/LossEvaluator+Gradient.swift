/// The losses of several pairs with their gradients.
public struct GradientEvaluation: Sendable {
    /// Losses, and statistics of the targets that were to be kept.
    public let evaluation: Evaluation
    /// By what was asked for, then by pair: gradients with respect to the outputs, RGB in [0, 1].
    public let gradients: [[ImageGradient]]
}

extension LossEvaluator {
    /// The losses of every pair as `evaluate` gives them, bit for bit, and the gradients of sums of
    /// weighted terms with respect to the outputs.
    ///
    /// A gradient has the same bits as when its pair is evaluated alone.
    /// - Parameters:
    ///   - groups: the positions of the terms of each sum; each costs a way back of its own.
    ///   - keeping: as for `evaluate`.
    /// - Throws: what `evaluate` throws.
    public func gradients(
        _ pairs: [Pair], targets: [Target], loss: Loss, of groups: [Set<Int>],
        keeping: Set<Int> = [], team: Team
    ) throws(InferenceError) -> GradientEvaluation {
        let given = targets.count
        let targets = targets + holes(of: pairs, targets, loss)
        let shapes = Self.withHoles(pairs.map(\.shape), targets: given, loss)
        try check(
            pairs: shapes, targets: targets[..<given].map { TargetShape(size: $0.image.size) },
            loss: loss)
        let known = try statistics(of: targets, shapes, loss, keeping, team)
        let plan = try EvaluationPlan(
            loss, extractor.network.architecture, pairs: shapes,
            targets: known.map { TargetShape(size: $0.image.size, isStored: true) },
            imagesMax: Self.recordedMax(workers: team.workers))
        var state = EvaluationState(plan, loss, targets: known, pairs: shapes)
        var sums = groups.map { _ in
            pairs.map { [Double](repeating: 0, count: 3 * $0.output.width * $0.output.height) }
        }
        for stack in plan.stacks {
            try team.checkCancelled()
            let (results, tape) = try extractor.record(
                images: stack.roles.map { image($0, pairs, known) },
                demands: stack.demands.map { $0.keepingMaps(of: stack.roles.indices) },
                variant: plan.variant, preprocessing: loss.input, kept: state.maps, team: team)
            try state.add(stack, results, kernels: extractor.kernels, team: team)
            let seeds = GradientSeeds(
                plan: plan, loss: loss, pairs: shapes, stack: stack, results: results,
                state: state, kernels: extractor.kernels)
            for (number, terms) in groups.enumerated() {
                let gradients = try extractor.gradients(
                    tape, cotangents: seeds.cotangents(of: terms, team), team: team)
                for (role, gradient) in zip(stack.roles, gradients) {
                    guard case .subject(let subject, let pair) = role else { continue }
                    pairs[pair].add(gradient, of: subject, to: &sums[number][pair])
                }
            }
        }
        let input = loss.input ?? extractor.network.preprocessing
        let pixels = try team.map(pairs.count) { number throws(InferenceError) in
            let target = pairs[number].targets.pixels.map { known[$0].image }
            let values = try PixelLosses(
                loss, pairs[number], target: target, input: input, check: team.checkCancelled)
            var gradients: [ImageGradient] = []
            for (index, terms) in groups.enumerated() {
                var gradient = sums[index][number]
                try PixelGradient.add(
                    terms, loss, pairs[number], target: target, input: input, to: &gradient,
                    check: team.checkCancelled)
                gradients.append(
                    ImageGradient(
                        height: pairs[number].output.height, width: pairs[number].output.width,
                        values: gradient.map { Float($0) }))
            }
            return (values: values, gradients: gradients)
        }
        var losses: [PairLosses] = []
        for number in pairs.indices {
            let ofPair = state.losses(ofPair: number, pixels[number].values)
            if let name = ofPair.firstNonFinite {
                throw .nonFiniteResult("\(name) of pair \(number) is not finite")
            }
            losses.append(ofPair)
        }
        return GradientEvaluation(
            evaluation: Evaluation(
                losses: losses,
                precisions: shapes.indices.map { plan.precisions(ofPair: $0, shapes[$0], []) },
                statistics: state.statistics(of: keeping)),
            gradients: groups.indices.map { index in pixels.map { $0.gradients[index] } })
    }

    /// An estimate of the bytes that `gradients` takes for so many sums of terms of pairs of these
    /// shapes, besides the images.
    /// - Throws: `unknownLayer`.
    public func estimateGradientBytes(
        pairs: [PairShape], targets: [TargetShape], loss: Loss, count: Int, workers: Int
    ) throws(InferenceError) -> Int {
        let pairs = Self.withHoles(pairs, targets: targets.count, loss)
        let holes = pairs.filter { $0.targets.hole != nil }
            .map { TargetShape(size: $0.output) }
        let targets = targets + holes
        let plan = try EvaluationPlan(
            loss, extractor.network.architecture, pairs: pairs,
            targets: targets.map { TargetShape(size: $0.size, isStored: true) },
            imagesMax: Self.recordedMax(workers: workers))
        let float = MemoryLayout<Float>.stride
        let walks = plan.stacks.map { stack in
            let taps = stack.demands.map(\.tap)
            let features = taps.reduce(0) { total, tap in
                let shape = plan.variant.features(of: stack.size, at: tap)
                // Features, and a matrix for each image.
                return total + shape.count + shape.channels * shape.channels
            }
            return extractor.gradientBytes(
                imageCount: stack.roles.count, height: stack.size.height, width: stack.size.width,
                taps: taps, variant: plan.variant, workers: workers)
                + stack.roles.count * features * float
        }
        let statistics = zip(plan.needs, targets).reduce(0) {
            $0 + $1.0.byteCount(of: $1.1.size, plan.variant)
        }
        let sums = pairs.reduce(0) {
            $0 + 3 * count * $1.output.height * $1.output.width
                * (MemoryLayout<Double>.stride + float)
        }
        // The targets' own walks are smaller.
        return (walks.max() ?? 0) + statistics + sums
    }

    /// How many images are recorded together: what is kept of them grows with their pixels.
    static func recordedMax(workers: Int) -> Int { max(4, 2 * workers) }

    // Targets are walked by themselves, for nothing goes back to them.
    private func statistics(
        of targets: [Target], _ pairs: [PairShape], _ loss: Loss, _ keeping: Set<Int>, _ team: Team
    ) throws(InferenceError) -> [Target] {
        let plan = try EvaluationPlan(
            loss, extractor.network.architecture, pairs: pairs,
            targets: targets.map { TargetShape($0) }, imagesMax: 1)
        var known = targets
        for index in targets.indices where plan.missing[index] != TargetNeeds() {
            let image = targets[index].image
            let needs = plan.missing[index]
            let taps = plan.variant.taps.filter(needs.hasAny)
            let demands = taps.map { tap in
                // In an order of their own, as `StackDemands` has it: a set has none.
                let kinds = plan.terms.compactMap(\.measure.statistic.summaryKind).unique
                    .filter { needs.summaries[tap]?.contains($0) ?? false }
                return TapDemand(
                    tap: tap,
                    FeatureDemand(
                        summaries: kinds.map { SummaryDemand(0, $0) },
                        maps: needs.maps.contains(tap) ? [0] : []))
            }
            let results = try extractor.run(
                images: [image], demands: demands, variant: plan.variant,
                preprocessing: loss.input, team: team)
            var summaries: [Tap: [SummaryKind: Summary]] = [:]
            var maps: [Tap: FeatureMap] = [:]
            for (tap, result) in zip(taps, results) {
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

extension TapDemand {
    fileprivate func keepingMaps(of images: Range<Int>) -> TapDemand {
        var features = features
        features.maps = Array(images)
        return TapDemand(tap: tap, features)
    }
}

extension Pair {
    /// Adds a gradient by a subject to that by the output, of which composites and holes are `1 − M`
    /// parts.
    fileprivate func add(
        _ gradient: ImageGradient, of subject: Subject, to sum: inout [Double]
    ) {
        guard subject != .output, let mask else {
            for (i, value) in gradient.values.enumerated() { sum[i] += Double(value) }
            return
        }
        let count = 3 * gradient.width
        var valid = [Double](repeating: 1, count: count)
        for y in 0..<gradient.height {
            valid.withUnsafeMutableBufferPointer { mask.readRow(y, into: $0) }
            for i in 0..<count {
                sum[y * count + i] += (1 - valid[i]) * Double(gradient.values[y * count + i])
            }
        }
    }
}
