/// What is walked together and what is asked of it: the work, and with the same lists the estimate of
/// its memory.
struct EvaluationPlan {
    struct Stack {
        let size: ImageSize
        let roles: [StackRole]
        /// In the order of the network.
        let demands: [TapDemand]
        /// The targets nothing is compared with after this stack.
        let done: [Int]
    }

    let variant: NetworkVariant
    let terms: [LayeredTerm]
    let stacks: [Stack]
    /// What each target has to give.
    let needs: [TargetNeeds]
    private let targets: [TargetShape]

    /// - Throws: `unknownLayer`.
    init(
        _ loss: Loss, _ architecture: Architecture, pairs: [PairShape], targets: [TargetShape],
        imagesMax: Int
    ) throws(InferenceError) {
        variant = loss.network.variant(architecture)
        let terms = try loss.layeredTerms(in: architecture)
        self.terms = terms
        self.targets = targets
        var needs = targets.map { _ in TargetNeeds() }
        for pair in pairs {
            for term in terms {
                for blend in pair.targets.targets(of: term) {
                    needs[blend.target].add(term)
                }
            }
        }
        self.needs = needs
        let walked = Set(
            targets.indices.filter { !targets[$0].isStored && needs[$0] != TargetNeeds() })
        let plan = StackPlan(
            terms: terms, pairs: pairs, targets: targets, walked: walked, imagesMax: imagesMax)
        let taps = VGG.taps(architecture).filter { tap in
            terms.contains { $0.layers.contains { $0.tap == tap } }
        }
        stacks = plan.stacks.enumerated().map { number, stack in
            let demands = StackDemands(
                terms: terms, needs: needs, roles: stack.roles, pairs: pairs, stored: plan.stored)
            return Stack(
                size: stack.size, roles: stack.roles,
                demands: taps.map { TapDemand(tap: $0, demands.demand(at: $0)) },
                done: plan.lastUse.filter { $0.value == number }.map(\.key))
        }
    }

    /// Bytes that the work takes, besides the images.
    func bytes(_ extractor: Extractor, workers: Int) -> Int {
        let walks = stacks.map { stack in
            extractor.workingBytes(
                imageCount: stack.roles.count, height: stack.size.height, width: stack.size.width,
                demands: stack.demands, variant: variant, workers: workers)
        }
        // Statistics of targets live until the last stack that needs them.
        let statistics = zip(needs, targets).reduce(0) {
            $0 + $1.0.byteCount(of: $1.1.size, variant)
        }
        return (walks.max() ?? 0) + statistics
    }
}

/// What the images of one stack are asked for.
private struct StackDemands {
    let terms: [LayeredTerm]
    let needs: [TargetNeeds]
    let roles: [StackRole]
    let pairs: [PairShape]
    let stored: Set<Int>

    func demand(at tap: Tap) -> FeatureDemand {
        var demand = FeatureDemand()
        for (image, role) in roles.enumerated() {
            switch role {
            case .target(let index):
                // In an order of their own: a set has none, and the order of sums decides bits.
                let kinds = needs[index].summaries[tap] ?? []
                demand.summaries += terms.compactMap(\.measure.statistic.summaryKind).unique
                    .filter(kinds.contains).map { SummaryDemand(image, $0) }
                if stored.contains(index), needs[index].maps.contains(tap) {
                    demand.maps.append(image)
                }
            case .subject(let subject, let pair):
                let measures = terms.filter { term in
                    term.subject == subject && term.layers.contains { $0.tap == tap }
                }
                .map(\.measure)
                demand.summaries += measures.compactMap(\.statistic.summaryKind).unique
                    .map { SummaryDemand(image, $0) }
                let choice = pairs[pair].targets
                guard let target = subject == .hole ? choice.hole : choice.perceptual else {
                    continue
                }
                let operand =
                    roles.firstIndex(of: .target(target))
                    .map(PairDemand.Operand.image) ?? .kept(target)
                demand.pairs += measures.flatMap(\.pairRules).unique
                    .map { PairDemand(image, operand, $0) }
            }
        }
        return demand
    }
}

extension Array where Element: Hashable {
    /// The elements without those that were there before.
    var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
