/// Where the way back begins: the gradients of a loss's terms with respect to the features of one stack
/// of images.
struct GradientSeeds {
    let plan: EvaluationPlan
    let loss: Loss
    let pairs: [PairShape]
    let stack: EvaluationPlan.Stack
    let results: [FeatureResult]
    let tape: Tape
    let state: EvaluationState
    let kernels: Kernels

    /// One layer of one term of one image.
    struct Place {
        let image: Int
        fileprivate let pair: Int
        fileprivate let term: LayeredTerm
        fileprivate let weight: Double
        /// The position of the tap among the demands.
        let tap: Int
    }

    /// Where the sum of weighted terms, which are named by their position in the loss, has gradients.
    func places(of terms: Set<Int>) -> [Place] {
        var places: [Place] = []
        for (image, role) in stack.roles.enumerated() {
            guard case .subject(let subject, let pair) = role else { continue }
            for term in plan.terms
            where term.subject == subject && terms.contains(term.index)
                && term.isPresent(in: pairs[pair])
            {
                for (tap, layer) in term.layers {
                    let weight = loss.terms[term.index].slopeWeight * layer.weight
                    guard weight != 0,
                        let number = stack.demands.firstIndex(where: { $0.tap == tap })
                    else { continue }
                    places.append(
                        Place(image: image, pair: pair, term: term, weight: weight, tap: number))
                }
            }
        }
        return places
    }

    /// The gradients at places, by position on the tape.
    /// - Parameter replayed: the features of images of the tape that are walked again.
    /// - Throws: `outOfMemory`, `cancelled`.
    func cotangents(
        at places: [Place], replayed: [Tap: [Int: FeatureMap]] = [:], _ team: Team
    ) throws(InferenceError) -> [Cotangent] {
        let slopes = try team.map(places.count) { place throws(InferenceError) in
            try team.checkCancelled()
            return try self.slopes(at: places[place], replayed, team)
        }
        return stack.demands.indices.compactMap { number in
            var lists = tape.sources.map { _ in [FeatureSlope]() }
            for (place, found) in zip(places, slopes) where place.tap == number {
                guard let image = tape.sources.firstIndex(of: place.image) else { continue }
                lists[image] += found
            }
            guard lists.contains(where: { !$0.isEmpty }) else { return nil }
            return Cotangent(tap: stack.demands[number].tap, slopes: lists)
        }
    }

    private func slopes(
        at place: Place, _ replayed: [Tap: [Int: FeatureMap]], _ team: Team
    ) throws(InferenceError) -> [FeatureSlope] {
        let tap = stack.demands[place.tap].tap
        let map = { (image: Int?) -> FeatureMap? in
            guard let image else { return nil }
            return results[place.tap].maps[image]
                ?? tape.sources.firstIndex(of: image).flatMap { replayed[tap]?[$0] }
        }
        guard let kind = place.term.measure.summaryKind else {
            return try pairSlopes(at: place, map)
        }
        guard let own = map(place.image),
            let slope = try summarySlope(at: place, kind, team.checkCancelled)
        else { return [] }
        return [try .summary(slope, of: own, weights: weights(place), kernels)]
    }

    // Of positions, where the term is of a region.
    private func weights(_ place: Place) -> PositionWeights? {
        place.term.measure.weighting.flatMap {
            results[place.tap].weights[WeightDemand(image: place.image, weighting: $0)]
        }
    }

    private func pixels(_ place: Place) -> Int {
        pairs[place.pair].output.height * pairs[place.pair].output.width
    }

    private func summarySlope(
        at place: Place, _ kind: SummaryKind, _ check: () throws(InferenceError) -> Void
    ) throws(InferenceError) -> SummarySlope? {
        let (tap, result) = (stack.demands[place.tap].tap, results[place.tap])
        let blends = pairs[place.pair].targets.targets(of: place.term)
        let targets = blends.compactMap { blend in
            state.summaries[blend.target]?[tap]?[kind].map { (summary: $0, weight: blend.weight) }
        }
        guard let subject = result.summaries[SummaryDemand(place.image, kind)], !targets.isEmpty
        else { return nil }
        return try place.term.measure.slope(
            of: subject, against: targets, pixels: pixels(place), factor: place.weight,
            kernels: kernels, check: check)
    }

    private func pairSlopes(
        at place: Place, _ map: (_ image: Int?) -> FeatureMap?
    ) throws(InferenceError) -> [FeatureSlope] {
        let measure = place.term.measure
        let (tap, result) = (stack.demands[place.tap].tap, results[place.tap])
        guard let target = pairs[place.pair].targets.targets(of: place.term).first?.target else {
            return []
        }
        let other = stack.roles.firstIndex(of: .target(target))
        let signs = other.flatMap {
            tape.signs[SignDemand(tap: tap, image: place.image, target: $0)]
        }
        if let signs, measure.needsSignsAlone {
            return differences(at: place).map { .signs(signs, times: $0.factor) }
        }
        guard let own = map(place.image), let others = state.maps[target]?[tap] ?? map(other) else {
            return []
        }
        guard measure.statistic == .jointMoments else {
            return differences(at: place).map { .difference($0, own, others) }
        }
        guard let moments = result.moments.first(where: { $0.key.image == place.image }),
            let slopes = measure.slopes(
                ofMoments: moments.value, at: tap.description, pixels: pixels(place),
                factor: place.weight)
        else { return [] }
        return try [
            .summary(SummarySlope(parts: [slopes.own], side: nil), of: own, kernels),
            .summary(SummarySlope(parts: [slopes.others], side: nil), of: others, kernels),
        ]
    }

    private func differences(at place: Place) -> [DifferenceSlope] {
        let measure = place.term.measure
        let (layer, result) = (stack.demands[place.tap].tap.description, results[place.tap])
        let sums = measure.pairRules(at: layer).map { rule in
            result.pairs.first { $0.key.image == place.image && $0.key.rule == rule }?.value
                ?? .nan
        }
        return measure.slopes(
            ofPairs: sums, at: layer, result.shape, weights: weights(place),
            pixels: pixels(place), factor: place.weight)
    }
}
