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
    private let workers: Int

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
            submission, set, choice, model.network.architecture, hasMask: masks.count > 0,
            outputs: outputs.count, targets, configuration)
        maps = try MapOptions(
            set, choice.loss, hasMask: masks.count > 0, pairs: outputs.count, gradient: gradient,
            accept: accept)
        do {
            try model.evaluator.check(
                pairs: pairShapes, targets: targetShapes, loss: loss, precision: precision)
        } catch {
            throw ServiceError(error)
        }
    }

    private var loss: Loss { choice.loss }

    /// Bytes the work takes beside the body.
    func workBytes() throws(ServiceError) -> Int {
        do {
            var work = try model.evaluator.estimateBytes(
                pairs: pairShapes, targets: targetShapes, loss: loss, precision: precision,
                workers: workers)
            if let gradient {
                let count = gradient.parts.count
                work = try model.evaluator.estimateGradientBytes(
                    pairs: pairShapes, targets: targetShapes, loss: loss, count: count,
                    workers: workers
                ).plus(LossGradients.bytes(outputs, gradient).work)
            }
            if let maps { work = work.plus(LossMaps.bytes(maps, outputs).work) }
            return ([outputs, masks] + target.lists).bytes(\.decodedBytes).plus(work)
                .plus(LossAnswer.bytes(loss, results: outputs.count).work)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Bytes of the answer.
    var answerBytes: Int {
        let gradients = gradient.map { LossGradients.bytes(outputs, $0).answer }
        return (gradients ?? 0).plus(maps.map { LossMaps.bytes($0, outputs).answer } ?? 0)
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
    private func shared(_ list: ImageList, _ pair: Int) -> Int { list.count == 1 ? 0 : pair }

    private var pairShapes: [PairShape] {
        (0..<outputs.count).map { pair in
            PairShape(
                output: outputs.size(of: pair), targets: target.choice(ofPair: pair),
                mask: masks.count == 0 ? nil : masks.size(of: shared(masks, pair)))
        }
    }

    private var targetShapes: [TargetShape] {
        target.parts.flatMap { part in
            (0..<part.target.list.count).map { index in
                let size = part.target.list.size(of: index)
                return TargetShape(size: size, isKept: isWorthKeeping(size, part.needs))
            }
        }
    }

    private func isWorthKeeping(_ size: ImageSize, _ needs: TargetNeeds) -> Bool {
        targets.isWorthKeeping(
            statisticsBytes: needs.byteCount(
                of: size, loss.network.variant(model.network.architecture)))
    }
}

extension LossJob {
    /// Does the work.
    func run(_ run: inout JobRun) throws(ServiceError) -> LossAnswer {
        let decoded = try run.measure(.decode) { team throws(ServiceError) in
            try decode(team)
        }
        let (evaluation, ways) = try run.measure(.features) { team throws(ServiceError) in
            try evaluate(decoded, team)
        }
        let gradients = try ways.map { ways throws(ServiceError) in
            run.move(ways.duration, from: .features, to: .gradient)
            return try run.measure(.gradient) { team throws(ServiceError) in
                try LossGradients(ways.options, outputs, ways.gradients, team)
            }
        }
        let results = try run.measure(.losses) { _ throws(ServiceError) in
            self.results(evaluation, decoded)
        }
        return LossAnswer(
            id: id, model: model, choice: choice, arrays: target.arrays, hasMask: masks.count > 0,
            results: results,
            warnings: model.warnings + choice.warnings + (maps?.warnings ?? []) + decoded.warnings,
            timings: run.timings, gradients: gradients,
            maps: maps.map {
                LossMaps(
                    $0, loss, evaluation.maps, sizes: decoded.pairs.map(\.output.size),
                    gradients: ways?.gradients.first ?? [])
            })
    }

    /// What the ways back gave: by part, then by pair.
    private struct WaysBack {
        let options: GradientOptions
        let gradients: [[ImageGradient]]
        let duration: Duration
    }

    private func evaluate(
        _ decoded: Decoded, _ team: Team
    ) throws(ServiceError) -> (Evaluation, WaysBack?) {
        let targets = decoded.targets.map(\.target)
        do throws(InferenceError) {
            guard let gradient else {
                let evaluation = try model.evaluator.evaluate(
                    decoded.pairs, targets: targets, loss: loss, keeping: decoded.keeping,
                    precision: precision, maps: maps?.places ?? [], team: team)
                return (evaluation, nil)
            }
            let answer = try model.evaluator.gradients(
                decoded.pairs, targets: targets, loss: loss, of: gradient.parts.map(\.terms),
                keeping: decoded.keeping, maps: maps?.places ?? [], team: team)
            return (
                answer.evaluation,
                WaysBack(
                    options: gradient, gradients: answer.gradients, duration: answer.backward)
            )
        } catch {
            throw ServiceError(error)
        }
    }

    /// Keeps what is worth it of the targets, and puts each pair's losses beside its target's name.
    private func results(_ evaluation: Evaluation, _ decoded: Decoded) -> [LossAnswer.Result] {
        for (index, statistics) in evaluation.statistics {
            let target = decoded.targets[index]
            targets.keep(
                KeptStatistics(statistics: statistics, notes: target.notes),
                for: target.key)
        }
        return evaluation.losses.enumerated().map { pair, losses in
            let layered = loss.terms.filter { $0.features != nil }
            let chosen = Dictionary(
                layered.map { ($0.key, evaluation.precisions[pair][$0.subject]) },
                uniquingKeysWith: { first, _ in first })
            let precisions = chosen.compactMapValues(\.self)
            let choice = target.choice(ofPair: pair)
            guard let index = choice.pixels ?? choice.perceptual ?? choice.style.first?.target
            else { return LossAnswer.Result(losses: losses, precisions: precisions) }
            let prepared = decoded.targets[index]
            return LossAnswer.Result(
                losses: losses, precisions: precisions, targetDigest: prepared.key.digest,
                isTargetCached: prepared.isCached)
        }
    }

    private struct Decoded {
        var pairs: [Pair] = []
        var targets: [PreparedTarget] = []
        var warnings: [Warning] = []

        /// Targets that have been computed for the first time and are worth it.
        var keeping: Set<Int> = []
    }

    /// - Throws: when a mask has alpha, in whichever format: it may be what its sender means by a
    ///   mask, so it is not dropped as that of an image is.
    private func checkAlpha(_ masks: DecodedList) throws(ServiceError) {
        guard let index = masks.notes.firstIndex(where: \.dropsAlpha) else { return }
        switch self.masks.source(of: index).content {
        case .file:
            throw ServiceError(
                .invalidImage,
                "A mask has alpha or a transparent colour; send it as gray or RGB without.")
        case .array:
            throw ServiceError(.invalidTensor, "A mask has 4 channels; it may have 1 or 3.")
        }
    }

    private func decode(_ team: Team) throws(ServiceError) -> Decoded {
        var decoded = Decoded()
        let outputs = try DecodedList(self.outputs, team)
        let masks = try DecodedList(self.masks, team)
        try checkAlpha(masks)
        var targetWarnings: [Warning] = []
        for part in target.parts {
            let prepared = try part.target.prepare(
                part.needs, loss.network.variant(model.network.architecture), loss.input,
                model.network.identity, self.targets, team)
            targetWarnings += prepared.warnings
            decoded.targets += prepared.targets
            for (index, target) in prepared.targets.enumerated()
            where !target.isCached
                && isWorthKeeping(part.target.list.size(of: index), part.needs)
            {
                decoded.keeping.insert(part.start + index)
            }
        }
        decoded.warnings =
            outputs.warnings + targetWarnings + masks.warnings + masks.bitMaskWarnings
        for pair in 0..<outputs.images.count {
            var mask: Mask?
            if !masks.images.isEmpty {
                mask = Mask(masks.images[shared(self.masks, pair)], polarity: loss.maskPolarity)
                guard mask != nil else {
                    throw ServiceError(.invalidTensor, "A mask has 4 channels; it may have 1 or 3.")
                }
            }
            decoded.pairs.append(
                Pair(
                    output: outputs.images[pair], targets: target.choice(ofPair: pair), mask: mask))
        }
        return decoded
    }
}
