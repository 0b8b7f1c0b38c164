import Inference

/// The work of POST /v1/losses: images of a submission, decoded, compared, and written down.
///
/// The command line's `compare` does the same work, so that both give the same answer.
struct LossJob: Sendable {
    let id: String
    let model: Model
    let targets: TargetCache
    let choice: LossChoice
    /// How features are compared; nil when each pair decides.
    let precision: Precision?
    let outputs: ImageList
    let masks: ImageList
    let target: LossTargets
    let gradient: GradientOptions?
    let maps: MapOptions?
    let workers: Int

    /// Checks everything that headers and options tell.
    init(
        _ submission: Submission, query: [(name: String, value: String)], id: String,
        models: Models,
        targets: TargetCache, accept: String? = nil, configuration: Configuration
    ) throws(ServiceError) {
        self.id = id
        self.targets = targets
        workers = configuration[.workers]
        let set = try OptionSet(query: query, body: submission, known: OptionName.losses)
        let chosen = try LossChoice.chosen(set)
        model = try models.fitting(chosen.loss, set)
        choice = try LossChoice(
            chosen, set, model.network, hasMask: !submission.parts(named: "mask").isEmpty)
        let arrays = try ArrayOptions(set)
        outputs = try submission.images("output", arrays, configuration)
        // A mask is in [0, 1] whatever the images are in.
        let maskArrays = ArrayOptions(layout: arrays.layout, range: .zeroToOne)
        masks = try submission.images("mask", maskArrays, configuration)
        try Self.checkFormat(masks)
        try Self.checkCounts(outputs, masks)
        gradient = try GradientOptions(
            set, submission, choice.loss, hasMask: masks.count > 0, samples: outputs.count,
            accept: accept)
        precision = try set.choice(.precision)
        guard precision != .difference || gradient == nil else {
            throw ServiceError(
                .invalidOption,
                "The option precision cannot be difference with a gradient; leave it out.")
        }
        if precision == .difference, !choice.loss.allowsDifference(model.network.architecture) {
            throw ServiceError(
                .invalidOption,
                "The option precision cannot be difference: it is for Gram matrices and for "
                    + "features as they are; leave it out.")
        }
        target = try LossTargets(
            submission, set, choice, model.network, hasMask: masks.count > 0,
            outputs: outputs.count, targets, configuration)
        maps = try MapOptions(
            set, choice.loss, hasMask: masks.count > 0, pairs: outputs.count, gradient: gradient,
            accept: accept)
        guard loss.levels == 1 || maps?.places.isEmpty ?? true else {
            throw ServiceError(
                .invalidOption,
                "The option maps can name layers of images of one size alone; leave the option "
                    + "pyramid out, or send pyramid=1.")
        }
        try checkSizes(ImageLimits(configuration))
        do {
            for level in 0..<loss.levels {
                try model.evaluator.check(
                    pairs: pairShapes(level), targets: targetShapes(level), loss: loss,
                    precision: precision)
            }
        } catch {
            throw ServiceError(error)
        }
    }

    var loss: Loss { choice.loss }

    /// Bytes the work takes beside the body.
    func workBytes() throws(ServiceError) -> Int {
        do {
            // Of a pyramid the gradients and the statistics of every level are there in the end.
            var work = resizeBytes
            for level in 0..<loss.levels { work = work.plus(try evaluationBytes(level)) }
            if let gradient { work = work.plus(LossGradients.bytes(outputs, gradient).work) }
            if let maps { work = work.plus(LossMaps.bytes(maps, pixels: mapPixels).work) }
            return ([outputs, masks] + target.lists).bytes(\.decodedBytes).plus(work)
                .plus(LossAnswer.bytes(loss, results: outputs.count).work)
        } catch {
            throw ServiceError(error)
        }
    }

    private func evaluationBytes(_ level: Int) throws(InferenceError) -> Int {
        let (pairs, targets) = (pairShapes(level), targetShapes(level))
        guard let gradient else {
            return try model.evaluator.estimateBytes(
                pairs: pairs, targets: targets, loss: loss, precision: precision, workers: workers)
        }
        return try model.evaluator.estimateGradientBytes(
            pairs: pairs, targets: targets, loss: loss, count: gradient.parts.count,
            workers: workers)
    }

    /// Bytes of the answer.
    var answerBytes: Int {
        let gradients = gradient.map { LossGradients.bytes(outputs, $0).answer }
        return (gradients ?? 0).plus(maps.map { LossMaps.bytes($0, pixels: mapPixels).answer } ?? 0)
            .plus(LossAnswer.bytes(loss, results: outputs.count).answer)
    }

    /// Bytes of what was sent.
    var payloadBytes: Int {
        ([outputs, masks] + target.lists).bytes { $0.sources.bytes(\.payload.count) }
    }

    /// Pixels of the images given.
    var pixels: Int {
        ([outputs, masks] + target.lists).reduce(0) { $0 + $1.pixels }
    }

    private static func checkCounts(
        _ outputs: ImageList, _ masks: ImageList
    ) throws(ServiceError) {
        guard outputs.count > 0 else {
            throw ServiceError(.missingInput, "There is no output; send one or more.")
        }
        guard [0, 1, outputs.count].contains(masks.count) else {
            throw ServiceError(
                .shapeMismatch,
                "There are \(outputs.count) outputs and \(masks.count) masks; send none, one or "
                    + "as many."
            )
        }
    }

    /// A mask is 0 and 1 with sharp edges, of which a lossy format makes something else.
    private static func checkFormat(_ masks: ImageList) throws(ServiceError) {
        for source in masks.sources {
            guard case .file(let format, _) = source.content, !format.isLossless else { continue }
            throw ServiceError(
                .unsupportedMediaType,
                "The mask is a \(format.name), whose compression blurs edges; send it as PNG or "
                    + "npy, made from the original.")
        }
    }

    /// One for all, or one each.
    func shared(_ list: ImageList, _ pair: Int) -> Int { list.count == 1 ? 0 : pair }

    private func pairShapes(_ level: Int) -> [PairShape] {
        (0..<outputs.count).map { pair in
            PairShape(
                output: loss.size(of: outputs.size(of: pair), level: level),
                targets: target.choice(ofPair: pair),
                mask: masks.count == 0
                    ? nil : loss.size(of: masks.size(of: shared(masks, pair)), level: level))
        }
    }

    private func targetShapes(_ level: Int) -> [TargetShape] {
        target.parts.flatMap { part in
            part.target.shapes { sent in
                let size = loss.size(of: sent, level: level)
                return TargetShape(size: size, isKept: isWorthKeeping(size, part.needs))
            }
        }
    }

    func isWorthKeeping(_ size: ImageSize, _ needs: TargetNeeds) -> Bool {
        targets.isWorthKeeping(
            statisticsBytes: needs.byteCount(
                of: size, loss.network.variant(model.network.architecture)))
    }
}

extension LossJob {
    /// Does the work.
    func run(_ run: inout JobRun) throws(ServiceError) -> LossAnswer {
        let sent = try run.measure(.decode) { team throws(ServiceError) in
            try decode(team)
        }
        let levels = try levels(of: sent, &run)
        let (evaluations, ways) = try run.measure(.features) { team throws(ServiceError) in
            try evaluate(levels, team)
        }
        var slopes: [[ImageGradient]] = []
        var gradients: LossGradients?
        if let gradient, let ways {
            run.move(ways.duration, from: .features, to: .gradient)
            slopes = try self.slopes(ways.gradients, levels, sent, &run)
            gradients = try run.measure(.gradient) { team throws(ServiceError) in
                try LossGradients(gradient, outputs, slopes, team)
            }
        }
        let (evaluation, results) = try run.measure(.losses) { _ throws(ServiceError) in
            try self.results(evaluations, levels)
        }
        let drawn = try maps.map { maps throws(ServiceError) in
            try LossMaps(
                maps, loss, evaluation.maps, sizes: sent.pairs.map(\.output.size),
                gradients: slopes.first ?? [], run.team)
        }
        return LossAnswer(
            id: id, model: model, choice: choice, arrays: target.arrays, hasMask: masks.count > 0,
            results: results,
            warnings: model.warnings + choice.warnings + (maps?.warnings ?? []) + sent.warnings,
            timings: run.timings, gradients: gradients, maps: drawn)
    }

    /// What the ways back gave: by level, then by part, then by pair.
    private typealias WaysBack = (gradients: [[[ImageGradient]]], duration: Duration)

    private func evaluate(
        _ levels: [DecodedPairs], _ team: Team
    ) throws(ServiceError) -> ([Evaluation], WaysBack?) {
        var evaluations: [Evaluation] = []
        var ways: WaysBack?
        do throws(InferenceError) {
            for level in levels {
                let targets = level.targets.map(\.target)
                guard let gradient else {
                    evaluations.append(
                        try model.evaluator.evaluate(
                            level.pairs, targets: targets, loss: loss, keeping: level.keeping,
                            precision: precision, maps: maps?.places ?? [], team: team))
                    continue
                }
                let found = try model.evaluator.gradients(
                    level.pairs, targets: targets, loss: loss, of: gradient.parts.map(\.terms),
                    keeping: level.keeping, maps: maps?.places ?? [], team: team)
                evaluations.append(found.evaluation)
                let (gradients, duration) = ways ?? ([], .zero)
                ways = (gradients + [found.gradients], duration + found.backward)
            }
            return (evaluations, ways)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Keeps what is worth it of the targets, and puts each pair's losses beside its target's name.
    private func results(
        _ evaluations: [Evaluation], _ levels: [DecodedPairs]
    ) throws(ServiceError) -> (Evaluation, [LossAnswer.Result]) {
        for (level, evaluation) in zip(levels, evaluations) {
            for (index, statistics) in evaluation.statistics {
                let target = level.targets[index]
                guard let key = target.key else { continue }
                targets.keep(
                    KeptStatistics(statistics: statistics, notes: target.notes),
                    for: key)
            }
        }
        let evaluation: Evaluation
        do {
            evaluation = try Evaluation.sum(evaluations)
        } catch {
            throw ServiceError(error)
        }
        let results = evaluation.losses.enumerated().map {
            pair, losses -> LossAnswer.Result in
            let layered = loss.terms.filter { $0.features != nil }
            let chosen = Dictionary(
                layered.map { ($0.key, evaluation.precisions[pair][$0.subject]) },
                uniquingKeysWith: { first, _ in first })
            let precisions = chosen.compactMapValues(\.self)
            let choice = target.choice(ofPair: pair)
            guard let index = choice.pixels ?? choice.perceptual ?? choice.style.first?.target
            else { return LossAnswer.Result(losses: losses, precisions: precisions) }
            return LossAnswer.Result(
                losses: losses, precisions: precisions,
                targetDigest: levels[0].targets[index].digest,
                isTargetCached: levels.allSatisfy { $0.targets[index].isCached })
        }
        return (evaluation, results)
    }
}
