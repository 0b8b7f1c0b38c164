/// Where the way back begins: the gradients of a loss's terms with respect to the features of one stack
/// of images.
struct GradientSeeds {
    let plan: EvaluationPlan
    let loss: Loss
    let pairs: [PairShape]
    let stack: EvaluationPlan.Stack
    let results: [FeatureResult]
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

    /// The gradients at places.
    /// - Parameter replayed: the features of images of the stack that are walked again.
    /// - Throws: `outOfMemory`, `cancelled`.
    func cotangents(
        at places: [Place], replayed: [Tap: [Int: FeatureMap]] = [:], _ team: Team
    ) throws(InferenceError) -> [Cotangent] {
        let slopes = try team.map(places.count) { place throws(InferenceError) in
            try team.checkCancelled()
            return try self.slopes(at: places[place], replayed, team)
        }
        return stack.demands.indices.compactMap { number in
            var lists = stack.roles.map { _ in [FeatureSlope]() }
            for (place, found) in zip(places, slopes) where place.tap == number {
                lists[place.image] += found
            }
            guard lists.contains(where: { !$0.isEmpty }) else { return nil }
            return Cotangent(tap: stack.demands[number].tap, slopes: lists)
        }
    }

    private func slopes(
        at place: Place, _ replayed: [Tap: [Int: FeatureMap]], _ team: Team
    ) throws(InferenceError) -> [FeatureSlope] {
        let measure = place.term.measure
        let (tap, result) = (stack.demands[place.tap].tap, results[place.tap])
        let pair = pairs[place.pair]
        let pixels = pair.output.height * pair.output.width
        guard let map = result.maps[place.image] ?? replayed[tap]?[place.image] else { return [] }
        let weights = measure.weighting.flatMap {
            result.weights[WeightDemand(image: place.image, weighting: $0)]
        }
        guard let kind = measure.summaryKind else {
            guard let target = pair.targets.targets(of: place.term).first?.target,
                let other = state.maps[target]?[tap]
                    ?? stack.roles.firstIndex(of: .target(target)).flatMap({ replayed[tap]?[$0] })
            else { return [] }
            if measure.statistic == .jointMoments {
                guard let moments = result.moments.first(where: { $0.key.image == place.image }),
                    let slopes = measure.slopes(
                        ofMoments: moments.value, at: tap.description, pixels: pixels,
                        factor: place.weight)
                else { return [] }
                return try [
                    .summary(SummarySlope(parts: [slopes.own], side: nil), of: map, kernels),
                    .summary(SummarySlope(parts: [slopes.others], side: nil), of: other, kernels),
                ]
            }
            let sums = measure.pairRules(at: tap.description).map { rule in
                result.pairs.first { $0.key.image == place.image && $0.key.rule == rule }?.value
                    ?? .nan
            }
            return measure.slopes(
                ofPairs: sums, at: tap.description, result.shape, weights: weights,
                pixels: pixels, factor: place.weight
            ).map { .difference($0, map, other) }
        }
        let blends = pair.targets.targets(of: place.term)
        let targets = blends.compactMap { blend in
            state.summaries[blend.target]?[tap]?[kind].map { (summary: $0, weight: blend.weight) }
        }
        guard let subject = result.summaries[SummaryDemand(place.image, kind)], !targets.isEmpty,
            let slope = try measure.slope(
                of: subject, against: targets, pixels: pixels, factor: place.weight,
                kernels: kernels, check: team.checkCancelled)
        else { return [] }
        return [try .summary(slope, of: map, weights: weights, kernels)]
    }
}
