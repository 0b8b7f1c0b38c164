/// What is walked together and what is asked of it: the work, and with the same lists the estimate of
/// its memory.
package struct EvaluationPlan {
    package struct Stack {
        package let size: ImageSize
        package let roles: [StackRole]
        /// The target of each image that is walked as its difference from it, by position.
        package let differences: [Int: Int]
        /// In the order of the network.
        package let demands: [TapDemand]
        /// The targets nothing is compared with after this stack.
        package let done: [Int]
    }

    package let variant: NetworkVariant
    package let terms: [LayeredTerm]
    package let stacks: [Stack]
    /// What each target has to give, and what of it is not there yet.
    package let needs: [TargetNeeds]
    package let missing: [TargetNeeds]
    /// The layers of terms that are mapped.
    package let maps: Set<MapPlace>
    let pairs: [PairShape]
    private let targets: [TargetShape]
    // Targets of which something was there before.
    private let known: Set<Int>
    // Targets whose feature maps are in memory; others' rows are compared and forgotten.
    private let mapped: Set<Int>

    /// - Parameters:
    ///   - differences: the images that are walked as their difference from their target.
    ///   - maps: the layers of terms whose maps are wanted.
    /// - Throws: `unknownLayer`.
    package init(
        _ loss: Loss, _ architecture: Architecture, pairs: [PairShape], targets: [TargetShape],
        differences: Set<StackRole> = [], maps: Set<MapPlace> = [], imagesMax: Int
    ) throws(InferenceError) {
        variant = loss.network.variant(architecture)
        let terms = try loss.layeredTerms(in: architecture)
        self.terms = terms
        self.pairs = pairs
        self.targets = targets
        self.maps = maps
        var needs = targets.map { _ in TargetNeeds() }
        for (number, pair) in pairs.enumerated() {
            for term in terms where term.isPresent(in: pair) {
                let isPlain = !differences.contains(.subject(term.subject, pair: number))
                for blend in pair.targets.targets(of: term)
                where isPlain || targets[blend.target].isKept {
                    needs[blend.target].add(term)
                }
            }
        }
        self.needs = needs
        let missing = zip(targets, needs).map { $0.missing($1) }
        self.missing = missing
        let walked = Set(targets.indices.filter { missing[$0] != TargetNeeds() })
        let plan = StackPlan(
            terms: terms, pairs: pairs, targets: targets, walked: walked,
            partlyKnown: walked.filter { targets[$0].isPartlyKnown(needs[$0]) },
            differences: differences, imagesMax: imagesMax)
        known = Set(targets.indices.filter { missing[$0] != needs[$0] })
        mapped = plan.stored.union(known)
        let taps = VGG.taps(architecture).filter { tap in
            terms.contains { $0.layers.contains { $0.tap == tap } }
        }
        // Of a target that is walked twice, the first walk gives the statistics.
        var measured = Set(targets.indices).subtracting(walked)
        stacks = plan.stacks.enumerated().map { number, stack in
            let demands = StackDemands(
                terms: terms, needs: missing, roles: stack.roles, pairs: pairs, stored: plan.stored,
                measured: measured, differences: differences, maps: maps)
            for case .target(let index) in stack.roles { measured.insert(index) }
            // No further than something is asked for.
            let wanted = taps.map { TapDemand(tap: $0, demands.demand(at: $0)) }
                .filter { $0.features != FeatureDemand() }
            return Stack(
                size: stack.size, roles: stack.roles, differences: demands.targets,
                demands: wanted,
                done: plan.lastUse.filter { $0.value == number }.map(\.key))
        }
    }

    /// How each subject of a pair is compared with its target, of those that terms have.
    package func precisions(
        ofPair number: Int, _ pair: PairShape, _ differences: Set<StackRole>
    ) -> [Subject: Precision] {
        var precisions: [Subject: Precision] = [:]
        for term in terms where term.subject == .output || pair.mask != nil {
            let isNear = differences.contains(.subject(term.subject, pair: number))
            precisions[term.subject] = isNear ? .difference : .plain
        }
        return precisions
    }

    /// What is asked of a target that is walked by itself.
    func demands(of needs: TargetNeeds) -> [TapDemand] {
        variant.taps.filter(needs.hasAny).map { tap in
            TapDemand(
                tap: tap,
                FeatureDemand(
                    summaries: needs.summaryKinds(at: tap, terms).map { SummaryDemand(0, $0) },
                    maps: needs.maps.contains(tap) ? [0] : []))
        }
    }

    /// Bytes that the work takes, besides the images.
    package func bytes(_ extractor: Extractor, workers: Int) -> Int {
        var made: Set<Int> = []
        var bytes = 0
        for stack in stacks {
            // With what the stack itself makes of targets.
            let walk = extractor.workingBytes(
                imageCount: stack.roles.count, hasDifferences: !stack.differences.isEmpty,
                height: stack.size.height, width: stack.size.width,
                demands: stack.demands, variant: variant, workers: workers)
            let there = known.union(made).reduce(0) { $0 + statisticsBytes(ofTarget: $1) }
            bytes = max(bytes, walk + there)
            for case .target(let index) in stack.roles { made.insert(index) }
        }
        return bytes
    }

    private func statisticsBytes(ofTarget index: Int) -> Int {
        var held = needs[index]
        if !mapped.contains(index) { held.maps = [] }
        return held.byteCount(of: targets[index].size, variant)
    }
}

/// What the images of one stack are asked for.
private struct StackDemands {
    let terms: [LayeredTerm]
    /// What of each target has to be computed.
    let needs: [TargetNeeds]
    let roles: [StackRole]
    let pairs: [PairShape]
    let stored: Set<Int>
    /// Targets whose statistics are there.
    let measured: Set<Int>
    let differences: Set<StackRole>
    let maps: Set<MapPlace>

    /// The positions of differences and of their targets.
    var targets: [Int: Int] {
        var targets: [Int: Int] = [:]
        for (image, role) in roles.enumerated() where differences.contains(role) {
            guard case .subject(let subject, let pair) = role,
                let target = pairs[pair].singleTarget(subject, terms)
            else { continue }
            targets[image] = roles.firstIndex(of: .target(target))
        }
        return targets
    }

    func demand(at tap: Tap) -> FeatureDemand {
        var demand = FeatureDemand()
        for (image, role) in roles.enumerated() {
            switch role {
            case .target(let index) where measured.contains(index): break
            case .target(let index):
                demand.summaries += needs[index].summaryKinds(at: tap, terms)
                    .map { SummaryDemand(image, $0) }
                if stored.contains(index), needs[index].maps.contains(tap) {
                    demand.maps.append(image)
                }
            case .subject(let subject, let pair):
                let present = terms.filter { term in
                    term.subject == subject && term.layers.contains { $0.tap == tap }
                        && term.isPresent(in: pairs[pair])
                }
                let measures = present.map(\.measure)
                let mapped = present.filter {
                    maps.contains(MapPlace(term: $0.index, layer: tap.description))
                }
                .flatMap { $0.measure.pairRules(at: tap.description) }.unique
                let from = targets[image]
                demand.summaries += measures.compactMap(\.summaryKind).unique
                    .map { SummaryDemand(image, $0, changeFrom: from) }
                if from != nil {
                    demand.pairs += measures.flatMap { $0.pairRules(at: tap.description) }.unique
                        .map { PairDemand(image, .nothing, $0) }
                    demand.pairMaps += mapped.map { PairDemand(image, .nothing, $0) }
                    continue
                }
                let choice = pairs[pair].targets
                guard let target = subject == .hole ? choice.hole : choice.perceptual else {
                    continue
                }
                let operand =
                    roles.firstIndex(of: .target(target))
                    .map(PairDemand.Operand.image) ?? .kept(target)
                demand.pairs += measures.flatMap { $0.pairRules(at: tap.description) }.unique
                    .map { PairDemand(image, operand, $0) }
                demand.pairMaps += mapped.map { PairDemand(image, operand, $0) }
                if measures.contains(where: { $0.statistic == .jointMoments }) {
                    demand.moments.append(MomentDemand(image, operand))
                }
            }
        }
        return demand
    }
}

extension TargetNeeds {
    /// The summaries at a tap in the order of terms: a set has none, and the order of sums decides bits.
    fileprivate func summaryKinds(at tap: Tap, _ terms: [LayeredTerm]) -> [SummaryKind] {
        let kinds = summaries[tap] ?? []
        return terms.compactMap(\.measure.summaryKind).unique.filter(kinds.contains)
    }
}

extension Array where Element: Hashable {
    /// The elements without those that were there before.
    package var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
