/// Runs pairs of images through a network and compares what comes out.
public struct LossEvaluator: Sendable {
    /// The engine and its network.
    public let extractor: Extractor

    /// Beyond so many bytes the way back of gradients walks layers again instead of keeping what it
    /// needs of them.
    public let keptBytesMax: Int

    /// An evaluator on an engine.
    public init(extractor: Extractor, keptBytesMax: Int = 1 << 29) {
        self.extractor = extractor
        self.keptBytesMax = keptBytesMax
    }

    /// The losses of every pair. A term that needs a mask is not there for a pair without one, nor is
    /// a term whose list of layers is empty.
    ///
    /// Images of equal size are walked together; a result has the same bits as when its pair is
    /// evaluated alone. Of a target given as statistics what they do not cover is computed.
    /// - Parameters:
    ///   - imagesMax: how many images may be walked together, at least 1: it bounds the memory. Two
    ///     a worker and at least four when nil: enough for each pass over the kernels of the deep
    ///     layers, while the rows of the shallow ones stay in the outer cache.
    ///   - keeping: indices of the targets whose statistics are returned.
    ///   - precision: how features are compared; when nil, as suits each pair's samples, and plainly
    ///     where the loss knows no other way.
    ///   - maps: the layers of terms whose maps are returned, each with `FeatureMeasure.hasMap`.
    /// - Throws: what `check` throws, `cancelled`, and `nonFiniteResult`.
    public func evaluate(
        _ pairs: [Pair], targets: [Target], loss: Loss, imagesMax: Int? = nil,
        keeping: Set<Int> = [], precision: Precision? = nil, maps: Set<MapPlace> = [], team: Team
    ) throws(InferenceError) -> Evaluation {
        let given = targets.count
        let targets = targets + ownTargets(of: pairs, targets, loss)
        let pairShapes = Self.withOwnTargets(pairs.map(\.shape), targets: given, loss)
        let targetShapes = targets.enumerated().map { index, target in
            TargetShape(target, isKept: keeping.contains(index))
        }
        try check(
            pairs: pairShapes, targets: Array(targetShapes[..<given]), loss: loss,
            precision: precision)
        var differences = try candidates(pairShapes, targetShapes, loss)
        if precision == .plain { differences = [:] }
        for (role, target) in differences where precision == nil {
            let way = try Precision.suitable(
                image(role, pairs, targets), image(.target(target), pairs, targets),
                team: team)
            if way == .plain { differences[role] = nil }
        }
        let plan = try plan(
            pairShapes, targetShapes, loss, Set(differences.keys), maps, imagesMax,
            workers: team.workers)
        var state = EvaluationState(plan, loss, targets: targets, pairs: pairShapes)
        for stack in plan.stacks {
            try team.checkCancelled()
            let results = try extractor.run(
                images: stack.roles.map { image($0, pairs, targets) },
                differences: stack.differences, demands: stack.demands,
                variant: plan.variant, preprocessing: loss.input,
                masks: masks(of: stack.roles, pairs, pairShapes), kept: state.maps, team: team)
            try state.add(stack, results, kernels: extractor.kernels, team: team)
            state.forget(stack.done.filter { !keeping.contains($0) })
        }
        let pixels = try team.map(pairs.count) { number throws(InferenceError) in
            try PixelLosses(
                loss, pairs[number],
                target: pairs[number].targets.pixels.flatMap { targets[$0].image },
                input: loss.input ?? extractor.network.preprocessing, check: team.checkCancelled)
        }
        try team.checkCancelled()
        let precisions = pairs.indices.map { number in
            plan.precisions(ofPair: number, pairShapes[number], Set(differences.keys))
        }
        return Evaluation(
            losses: try state.losses(pixels), precisions: precisions,
            statistics: state.statistics(of: keeping),
            maps: state.pictures)
    }

    /// An estimate of the bytes that `evaluate` takes for pairs of these shapes with a number of
    /// workers, besides the images, whichever way they are compared.
    /// - Throws: `unknownLayer`.
    public func estimateBytes(
        pairs: [PairShape], targets: [TargetShape], loss: Loss, imagesMax: Int? = nil,
        precision: Precision? = nil, maps: Set<MapPlace> = [], workers: Int
    ) throws(InferenceError) -> Int {
        let (pairs, targets) = Self.withOwnTargets(pairs, targets, loss)
        let candidates = Set(try candidates(pairs, targets, loss).keys)
        var bytes = 0
        for way in Precision.allCases where precision == nil || precision == way {
            let plan = try plan(
                pairs, targets, loss, way == .plain ? [] : candidates, maps, imagesMax,
                workers: workers)
            bytes = max(bytes, plan.bytes(extractor, workers: workers))
        }
        return bytes
    }

    // What is in the hole of a target is a target of its own, behind those given, and so is a target
    // whose positions have the weights of a mask: of each pair first the one, then the others.
    static func withOwnTargets(
        _ pairs: [PairShape], targets: Int, _ loss: Loss
    ) -> [PairShape] {
        var next = targets
        return pairs.map { pair in
            guard pair.mask != nil else { return pair }
            var hole: Int?
            if loss.hasHoles, pair.targets.pixels != nil {
                hole = next
                next += 1
            }
            let masked = (loss.hasMaskedTargets ? pair.targets.style : []).enumerated().map {
                TargetChoice.Blend(target: next + $0, weight: $1.weight)
            }
            next += masked.count
            return pair.with(hole: hole, masked: masked)
        }
    }

    /// The same with the shapes of all targets, those given and the pairs' own.
    static func withOwnTargets(
        _ pairs: [PairShape], _ targets: [TargetShape], _ loss: Loss
    ) -> (pairs: [PairShape], targets: [TargetShape]) {
        let pairs = withOwnTargets(pairs, targets: targets.count, loss)
        let own = pairs.flatMap { pair in
            (0..<pair.ownTargets).map { _ in TargetShape(size: pair.output) }
        }
        return (pairs, targets + own)
    }

    func ownTargets(of pairs: [Pair], _ targets: [Target], _ loss: Loss) -> [Target] {
        pairs.flatMap { pair -> [Target] in
            guard let mask = pair.mask else { return [] }
            var own: [Target] = []
            if loss.hasHoles, let image = pair.targets.pixels.flatMap({ targets[$0].image }) {
                own.append(.image(.hole(of: image, mask: mask)))
            }
            guard loss.hasMaskedTargets else { return own }
            // What has no image here was refused.
            return own
                + pair.targets.style.compactMap { targets[$0.target].image.map(Target.image) }
        }
    }

    /// The masks of the images of a stack, by position.
    func masks(
        of roles: [StackRole], _ pairs: [Pair], _ shapes: [PairShape]
    ) -> [Int: Mask] {
        var masks: [Int: Mask] = [:]
        for (image, role) in roles.enumerated() {
            switch role {
            case .subject(_, let pair): masks[image] = pairs[pair].mask
            case .target(let index):
                let owner = shapes.firstIndex { $0.targets.owns(index) }
                if let owner { masks[image] = pairs[owner].mask }
            }
        }
        return masks
    }

    private func plan(
        _ pairs: [PairShape], _ targets: [TargetShape], _ loss: Loss,
        _ differences: Set<StackRole>, _ maps: Set<MapPlace>, _ imagesMax: Int?, workers: Int
    ) throws(InferenceError) -> EvaluationPlan {
        try EvaluationPlan(
            loss, extractor.network.architecture, pairs: pairs, targets: targets,
            differences: differences, maps: maps,
            imagesMax: max(1, imagesMax ?? max(4, 2 * workers)))
    }

    func image(_ role: StackRole, _ pairs: [Pair], _ targets: [Target]) -> Image {
        switch role {
        case .target(let index):
            guard let image = targets[index].image else {
                preconditionFailure("a target that is walked has an image")
            }
            return image
        case .subject(.output, let number): return pairs[number].output
        case .subject(.composite, let number):
            let pair = pairs[number]
            guard let mask = pair.mask,
                let target = pair.targets.pixels.flatMap({ targets[$0].image })
            else {
                preconditionFailure("a composite without a mask or a target")
            }
            return .composite(output: pair.output, target: target, mask: mask)
        case .subject(.hole, let number):
            guard let mask = pairs[number].mask else {
                preconditionFailure("a hole without a mask")
            }
            return .hole(of: pairs[number].output, mask: mask)
        }
    }
}

extension Loss {
    fileprivate var hasHoles: Bool { terms.contains { $0.subject == .hole } }

    fileprivate var hasMaskedTargets: Bool {
        terms.contains { $0.subject != .hole && $0.features?.isOfMaskedTarget ?? false }
    }
}
