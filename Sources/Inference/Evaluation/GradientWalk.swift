/// The stacks of one plan on their way there and back.
struct GradientWalk {
    private let evaluator: LossEvaluator
    private let plan: EvaluationPlan
    private let boundary: Int
    private let loss: Loss
    private let groups: [Set<Int>]
    private let pairs: [Pair]
    private let shapes: [PairShape]
    private let targets: [Target]
    private var state: EvaluationState
    private var backward = Duration.zero
    /// By group, then by pair.
    private let sums: [[GradientSum]]

    /// - Parameters:
    ///   - boundary: the first convolution whose part of the way back is kept.
    ///   - groups: the positions of the terms of each gradient.
    /// - Throws: `outOfMemory`.
    init(
        evaluator: LossEvaluator, plan: EvaluationPlan, boundary: Int, loss: Loss,
        groups: [Set<Int>], pairs: [Pair], shapes: [PairShape], targets: [Target]
    ) throws(InferenceError) {
        self.evaluator = evaluator
        self.plan = plan
        self.boundary = boundary
        self.loss = loss
        self.groups = groups
        self.pairs = pairs
        self.shapes = shapes
        self.targets = targets
        state = EvaluationState(plan, loss, targets: targets, pairs: shapes)
        sums = try groups.map { _ throws(InferenceError) in
            try pairs.map { pair throws(InferenceError) in try GradientSum(pair.output.size) }
        }
    }

    private var extractor: Extractor { evaluator.extractor }

    /// Walks every stack.
    mutating func run(_ team: Team) throws(InferenceError) {
        for stack in plan.stacks {
            try team.checkCancelled()
            let images = stack.roles.map { evaluator.image($0, pairs, targets) }
            let masks = evaluator.masks(of: stack.roles, pairs, shapes)
            guard stack.subjects > 0 else {
                let results = try extractor.run(
                    images: images, demands: stack.demands, variant: plan.variant,
                    preprocessing: loss.input, masks: masks, team: team)
                try state.add(stack, results, kernels: extractor.kernels, team: team)
                continue
            }
            let (results, tape) = try extractor.record(
                images: images, demands: plan.recorded(stack, from: boundary),
                variant: plan.variant, preprocessing: loss.input, masks: masks,
                kept: state.maps, sources: plan.taped(stack, before: boundary),
                signs: plan.signs(stack), from: boundary, team: team)
            try state.add(stack, results, kernels: extractor.kernels, team: team)
            let start = ContinuousClock.now
            let seeds = GradientSeeds(
                plan: plan, loss: loss, pairs: shapes, stack: stack, results: results,
                tape: tape, state: state, kernels: extractor.kernels)
            for index in groups.indices {
                try goBack(index, stack, images, tape, seeds, team)
            }
            backward += start.duration(to: .now)
        }
    }

    private func goBack(
        _ group: Int, _ stack: EvaluationPlan.Stack, _ images: [Image], _ tape: Tape,
        _ seeds: GradientSeeds, _ team: Team
    ) throws(InferenceError) {
        let places = seeds.places(of: groups[group])
        guard !places.isEmpty else { return }
        var sinks = GradientSinks(tape.preprocessing)
        for (number, image) in tape.sources.enumerated()
        where places.contains(where: { $0.image == image }) {
            guard case .subject(let subject, let pair) = stack.roles[image] else { continue }
            // Composites and holes are `1 − M` parts of the output.
            sinks.add(
                number, to: sums[group][pair],
                mask: subject == .output ? nil : pairs[pair].mask)
        }
        guard tape.boundary > 0 else {
            let cotangents = try seeds.cotangents(at: places, team)
            return try extractor.addGradients(tape, cotangents, to: sinks, team: team)
        }
        let replay = try extractor.replay(
            tape, from: places.map { stack.demands[$0.tap].tap }.unique,
            demands: plan.replayed(stack, before: boundary), backImages: sinks.images.count,
            workers: team.workers)
        let cotangents = try seeds.cotangents(at: places, replayed: replay.maps, team)
        try extractor.addGradients(
            replay, tape.sources.map { images[$0] }, cotangents, to: sinks, team: team)
    }

    /// Adds the terms of pixels, and answers what there is.
    /// - Throws: `nonFiniteResult`, `cancelled`.
    func finished(
        keeping: Set<Int>, _ team: Team
    ) throws(InferenceError) -> GradientEvaluation {
        let input = loss.input ?? extractor.network.preprocessing
        let pixels = try team.map(pairs.count) { number throws(InferenceError) in
            let target = pairs[number].targets.pixels.flatMap { targets[$0].image }
            for (index, terms) in groups.enumerated() {
                try PixelGradient.add(
                    terms, loss, pairs[number], target: target, input: input,
                    to: sums[index][number], check: team.checkCancelled)
            }
            return try PixelLosses(
                loss, pairs[number], target: target, input: input, check: team.checkCancelled)
        }
        return GradientEvaluation(
            evaluation: Evaluation(
                losses: try state.losses(pixels),
                precisions: shapes.indices.map { plan.precisions(ofPair: $0, shapes[$0], []) },
                statistics: state.statistics(of: keeping), maps: state.pictures),
            gradients: sums.map { $0.map { $0.finished() } }, backward: backward)
    }
}
