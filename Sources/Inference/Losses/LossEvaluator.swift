/// Runs pairs of images through a network and compares what comes out.
public struct LossEvaluator: Sendable {
    /// The engine and its network.
    public let extractor: Extractor

    /// An evaluator on an engine.
    public init(extractor: Extractor) {
        self.extractor = extractor
    }

    /// The losses of every pair. Without a mask a pair has the terms `style` and `perceptual`, with
    /// one all seven; a term whose list of layers is empty is not there.
    ///
    /// Images of equal size are walked together; a result has the same bits as when its pair is
    /// evaluated alone. A target given as statistics must cover the options.
    /// - Parameters:
    ///   - imagesMax: how many images may be walked together, at least 1: it bounds the memory. Two
    ///     a worker and at least four when nil: enough for each pass over the kernels of the deep
    ///     layers, while the rows of the shallow ones stay in the outer cache.
    ///   - keeping: indices of the targets whose statistics are returned.
    /// - Throws: what `check` throws, `cancelled`, and `nonFiniteResult`.
    public func evaluate(
        _ pairs: [Pair], targets: [Target], options: LossOptions, imagesMax: Int? = nil,
        keeping: Set<Int> = [], team: Team
    ) throws(InferenceError) -> Evaluation {
        let pairShapes = pairs.map {
            PairShape(output: $0.output.size, target: $0.target, mask: $0.mask?.size)
        }
        let targetShapes = targets.enumerated().map { index, target in
            TargetShape(
                size: target.image.size, isStored: target.statistics != nil,
                isKept: keeping.contains(index))
        }
        try check(pairs: pairShapes, targets: targetShapes, options: options)
        precondition(targets.allSatisfy { $0.statistics?.covers(options) ?? true })

        let plan = plan(
            pairShapes, targetShapes, options, imagesMax ?? Self.imagesMax(workers: team.workers))
        var comparison = StackComparison(targets: targets, options: options)
        for (number, stack) in plan.stacks.enumerated() {
            try team.checkCancelled()
            let demands = StackDemands(
                roles: stack.roles, targetOfPair: pairs.map(\.target), stored: plan.stored,
                options: options)
            let results = try extractor.run(
                images: stack.roles.map { image($0, pairs, targets) },
                demands: demands.all(taps: taps(options)) { comparison.maps[$0]?[$1] }, team: team)
            comparison.add(demands, results)
            for (target, last) in plan.lastUse where last == number && !keeping.contains(target) {
                comparison.forget(target)
            }
        }
        try team.checkCancelled()
        return Evaluation(
            losses: try losses(of: pairs, targets, comparison, team),
            statistics: comparison.statistics(of: keeping))
    }

    /// Throws `shapeMismatch` or `imageTooSmall` where the losses are not defined: the parts of a
    /// pair differ in size although a term needs equal sizes, or a tap would be empty.
    public func check(
        pairs: [PairShape], targets: [TargetShape], options: LossOptions
    ) throws(InferenceError) {
        for pair in pairs {
            try check(pair, targets[pair.target].size, options)
        }
        guard let tap = taps(options).max(by: { minimumSide($0) < minimumSide($1) }) else { return }
        for size in pairs.map(\.output) + targets.map(\.size)
        where min(size.height, size.width) < minimumSide(tap) {
            throw .imageTooSmall(minimum: minimumSide(tap), tap: tap.description)
        }
    }

    /// An estimate of the bytes that `evaluate` takes for pairs of these shapes with a number of
    /// workers, besides the images.
    public func estimateBytes(
        pairs: [PairShape], targets: [TargetShape], options: LossOptions, imagesMax: Int? = nil,
        workers: Int
    ) -> Int {
        let plan = plan(pairs, targets, options, imagesMax ?? Self.imagesMax(workers: workers))
        let taps = taps(options)
        let stacks = plan.stacks.map { stack in
            let demands = StackDemands(
                roles: stack.roles, targetOfPair: pairs.map(\.target), stored: plan.stored,
                options: options)
            return extractor.workingBytes(
                imageCount: stack.roles.count, height: stack.size.height, width: stack.size.width,
                demands: demands.all(taps: taps) { _, _ in nil }, workers: workers)
        }
        let stored = plan.stored.reduce(0) { total, index in
            total + Self.statisticsBytes(of: targets[index].size, options)
        }
        return (stacks.max() ?? 0) + stored
    }

    /// What the statistics of a target of a size take, besides its image.
    public static func statisticsBytes(of size: ImageSize, _ options: LossOptions) -> Int {
        let features = options.perceptualLayers.reduce(0) { total, layer in
            let shape = VGG.shape(of: layer.tap, height: size.height, width: size.width)
            return total + 4 * shape.channels * shape.height * shape.width
        }
        return options.styleLayers.reduce(features) { total, layer in
            let order = VGG.shape(of: layer.tap, height: size.height, width: size.width).channels
            return total + 8 * GramMatrix.upperCount(order: order)
        }
    }
}

extension LossEvaluator {
    private func taps(_ options: LossOptions) -> [Tap] {
        options.taps(in: extractor.network.architecture)
    }

    private static func imagesMax(workers: Int) -> Int { max(4, 2 * workers) }

    private func minimumSide(_ tap: Tap) -> Int { VGG.minimumSide(for: tap) }

    private func plan(
        _ pairs: [PairShape], _ targets: [TargetShape], _ options: LossOptions, _ imagesMax: Int
    ) -> StackPlan {
        guard !taps(options).isEmpty else { return StackPlan.empty }
        return StackPlan(pairs: pairs, targets: targets, imagesMax: max(1, imagesMax))
    }

    private func image(_ role: StackRole, _ pairs: [Pair], _ targets: [Target]) -> Image {
        switch role {
        case .target(let index): return targets[index].image
        case .output(let number): return pairs[number].output
        case .composite(let number):
            let pair = pairs[number]
            guard let mask = pair.mask else { preconditionFailure("a composite without a mask") }
            return .composite(output: pair.output, target: targets[pair.target].image, mask: mask)
        }
    }

    private func check(
        _ pair: PairShape, _ target: ImageSize, _ options: LossOptions
    ) throws(InferenceError) {
        if let mask = pair.mask, mask != pair.output {
            throw .shapeMismatch(
                "the mask is \(mask) and the output \(pair.output); they must be equal")
        }
        guard pair.output != target else { return }
        if pair.mask != nil {
            throw .shapeMismatch(
                "the output is \(pair.output) and the target \(target); with a mask they must be "
                    + "equal")
        }
        if !options.perceptualLayers.isEmpty {
            throw .shapeMismatch(
                "the output is \(pair.output) and the target \(target); feature losses need equal "
                    + "sizes (an empty perceptual_layers switches them off)")
        }
    }

    private func losses(
        of pairs: [Pair], _ targets: [Target], _ comparison: StackComparison, _ team: Team
    ) throws(InferenceError) -> [PairLosses] {
        var pixels = [PixelTerms?](repeating: nil, count: pairs.count)
        pixels.withUnsafeMutableBufferPointer { pixels in
            team.parallel(pairs.count) { number in
                let (pair, target) = (pairs[number], targets[pairs[number].target].image)
                pixels[number] = pair.mask.map {
                    PixelTerms(output: pair.output, target: target, mask: $0)
                }
            }
        }
        var losses: [PairLosses] = []
        for (number, pixels) in pixels.enumerated() {
            let ofPair = PairLosses(comparison.terms(ofPair: number, pixels))
            if let name = ofPair.firstNonFinite {
                throw .nonFiniteResult("\(name) of pair \(number) is not finite")
            }
            losses.append(ofPair)
        }
        return losses
    }
}
