/// How the gradients of pairs are computed: all that the way back needs is kept, of several pairs
/// together; or, of images so large that it would be too much, one pair after another, and the layers
/// before a boundary are walked again beside the way back. Both give the same bits.
enum GradientPlan {
    /// Stacks of subjects; targets have been walked before.
    case kept(EvaluationPlan)
    /// A plan for each pair, targets among its stacks, and the first convolution that is kept.
    case replayed([(plan: EvaluationPlan, boundary: Int)])
}

extension LossEvaluator {
    /// The plan, with the bytes that it takes besides the images and the sums at them.
    func gradientPlan(
        pairs: [PairShape], targets: [TargetShape], loss: Loss, maps: Set<MapPlace> = [],
        workers: Int
    ) throws(InferenceError) -> (plan: GradientPlan, bytes: Int) {
        let architecture = extractor.network.architecture
        let whole = try EvaluationPlan(
            loss, architecture, pairs: pairs,
            targets: targets.map { TargetShape(size: $0.size, isStored: true) }, maps: maps,
            imagesMax: Self.recordedMax(workers: workers))
        // What is stored is there already.
        let missing = zip(whole.needs, targets).map { needs, target in target.missing(needs) }
        let statistics = zip(missing, targets).reduce(0) {
            $0 + $1.0.byteCount(of: $1.1.size, whole.variant)
        }
        // The rows of the targets' walks lie idle meanwhile.
        let idle = zip(missing, targets).map { needs, target in
            let demands = whole.demands(of: needs)
            guard !demands.isEmpty else { return 0 }
            return extractor.plan(
                whole.variant, demands, height: target.size.height, width: target.size.width,
                images: 1, workers: workers
            ).arenaCount * MemoryLayout<Float>.stride
        }
        let bytes = statistics + (idle.max() ?? 0) + bytes(whole, from: 0, workers: workers)
        guard bytes > keptBytesMax else { return (.kept(whole), bytes) }
        var plans: [(plan: EvaluationPlan, boundary: Int)] = []
        var most = 0
        for pair in pairs {
            let plan = try EvaluationPlan(
                loss, architecture, pairs: [pair], targets: targets, maps: maps, imagesMax: .max)
            let (boundary, bytes) = boundary(of: plan, targets, workers: workers)
            plans.append((plan, boundary))
            most = max(most, bytes)
        }
        return (.replayed(plans), most)
    }

    // The first convolution for which what is kept fits; one beyond the last when nothing does.
    private func boundary(
        of plan: EvaluationPlan, _ targets: [TargetShape], workers: Int
    ) -> (boundary: Int, bytes: Int) {
        let summaries = zip(plan.needs, targets).reduce(0) { total, target in
            target.0.summaries.reduce(total) { total, entry in
                let shape = plan.variant.features(of: target.1.size, at: entry.key)
                return entry.value.reduce(total) { $0 + Summary.byteCount(of: $1, shape) }
            }
        }
        let count = plan.variant.convolutions.count
        let bytes = { (boundary: Int) in
            summaries + self.bytes(plan, from: boundary, workers: workers)
        }
        // What is kept falls with the boundary; each plan simulates a walk.
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if bytes(middle) <= keptBytesMax { high = middle } else { low = middle + 1 }
        }
        return (low, bytes(low))
    }

    private func bytes(_ plan: EvaluationPlan, from boundary: Int, workers: Int) -> Int {
        plan.stacks.map { bytes($0, plan, from: boundary, workers: workers) }.max() ?? 0
    }

    // Of one stack: both ways, what is demanded, and matrices for the slopes, twice as large as the
    // triangles that they come from.
    private func bytes(
        _ stack: EvaluationPlan.Stack, _ plan: EvaluationPlan, from boundary: Int, workers: Int
    ) -> Int {
        guard stack.subjects > 0 else {
            return extractor.workingBytes(
                imageCount: stack.roles.count, height: stack.size.height,
                width: stack.size.width, demands: stack.demands, variant: plan.variant,
                workers: workers)
        }
        let demands = plan.recorded(stack, from: boundary)
        let results = demands.reduce(0) { total, demand in
            let shape = plan.variant.features(of: stack.size, at: demand.tap)
            let maps = FeatureDemand(pairMaps: demand.features.pairMaps)
            return total + 3 * demand.features.summaryBytes(shape) + maps.resultBytes(shape)
        }
        return results
            + extractor.tapeBytes(
                Extractor.RecordedStack(
                    size: stack.size, images: stack.roles.count,
                    taped: plan.taped(stack, before: boundary).count, backImages: stack.subjects,
                    demands: demands, signs: plan.signs(stack),
                    replayed: plan.replayed(stack, before: boundary)),
                from: boundary, variant: plan.variant, workers: workers)
    }
}

extension EvaluationPlan.Stack {
    /// How many of its images have a way back.
    var subjects: Int {
        roles.count { if case .subject = $0 { true } else { false } }
    }
}

extension EvaluationPlan {
    /// What is asked of a stack when it is recorded: besides its demands the features that slopes are
    /// made of, where they are kept.
    func recorded(_ stack: Stack, from boundary: Int) -> [TapDemand] {
        stack.demands.map { demand in
            var features = demand.features
            if variant.convolution(of: demand.tap) >= boundary {
                features.maps = (features.maps + slopeMaps(stack, demand.tap)).unique
            }
            return TapDemand(tap: demand.tap, features)
        }
    }

    /// The images that a tape is of: those with a way back, and targets whose features are needed of
    /// layers that are walked again.
    func taped(_ stack: Stack, before boundary: Int) -> [Int] {
        let needed = stack.demands.filter { variant.convolution(of: $0.tap) < boundary }
            .flatMap { slopeMaps(stack, $0.tap) }
        return stack.roles.indices.filter { image in
            if case .subject = stack.roles[image] { true } else { needed.contains(image) }
        }
    }

    /// The features that slopes are made of, and that are walked again, of images of the tape.
    func replayed(_ stack: Stack, before boundary: Int) -> [TapDemand] {
        let taped = taped(stack, before: boundary)
        return stack.demands.compactMap { demand in
            guard variant.convolution(of: demand.tap) < boundary else { return nil }
            let maps = slopeMaps(stack, demand.tap).compactMap(taped.firstIndex)
            return TapDemand(tap: demand.tap, FeatureDemand(maps: maps))
        }
    }

    /// The differences of which the signs are enough, between images of the stack.
    func signs(_ stack: Stack) -> [SignDemand] {
        stack.demands.flatMap { demand in
            stack.roles.indices.flatMap { image -> [SignDemand] in
                guard case .subject(let subject, let pair) = stack.roles[image] else { return [] }
                return terms.compactMap { term in
                    guard term.subject == subject, term.measure.needsSignsAlone,
                        term.layers.contains(where: { $0.tap == demand.tap }),
                        let target = pairs[pair].targets.targets(of: term).first?.target,
                        let other = stack.roles.firstIndex(of: .target(target))
                    else { return nil }
                    return SignDemand(tap: demand.tap, image: image, target: other)
                }
            }
        }.unique
    }

    // The images with a term at the tap, and the targets that they are compared with place by place.
    private func slopeMaps(_ stack: Stack, _ tap: Tap) -> [Int] {
        let present = terms.filter { term in term.layers.contains { $0.tap == tap } }
        return stack.roles.indices.filter { image in
            switch stack.roles[image] {
            case .target(let index):
                needs[index].maps.contains(tap)
                    && present.contains {
                        $0.measure.statistic.isPairwise && !$0.measure.needsSignsAlone
                    }
            case .subject(let subject, _):
                present.contains { $0.subject == subject }
            }
        }
    }
}

extension NetworkVariant {
    /// The place in the network of the convolution that a tap belongs to.
    func convolution(of tap: Tap) -> Int {
        convolutions.firstIndex { shape in
            Tap.Kind.allCases.contains { shape.tap($0) == tap }
        } ?? 0
    }
}
