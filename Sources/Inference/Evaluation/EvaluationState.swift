/// The losses of layers while stacks yield them, and the statistics of targets while they are needed.
struct EvaluationState {
    /// Features of targets that outlive their stack, by target and tap.
    private(set) var maps: [Int: [Tap: FeatureMap]] = [:]
    private(set) var summaries: [Int: [Tap: [SummaryKind: Summary]]] = [:]
    /// By pair, the maps that were asked for.
    private(set) var pictures: [[MapPlace: LossMap]]
    // By pair, term with layers, and layer.
    private var values: [[[Double]]]
    private let plan: EvaluationPlan
    private let loss: Loss
    private let targets: [Target]
    private let pairs: [PairShape]

    init(_ plan: EvaluationPlan, _ loss: Loss, targets: [Target], pairs: [PairShape]) {
        self.plan = plan
        self.loss = loss
        self.targets = targets
        self.pairs = pairs
        pictures = pairs.map { _ in [:] }
        values = pairs.map { _ in plan.terms.map { $0.layers.map { _ in .nan } } }
        for (index, target) in targets.enumerated() {
            maps[index] = target.statistics?.maps
            summaries[index] = target.statistics?.summaries
        }
    }

    private struct Place {
        let image: Int
        /// The position of the target that the image is walked as its difference from.
        let target: Int?
        let pair: Int
        let term: Int
        let layer: Int
    }

    /// Takes in what a stack was asked for.
    /// - Throws: `cancelled`.
    mutating func add(
        _ stack: EvaluationPlan.Stack, _ results: [FeatureResult], kernels: Kernels, team: Team
    ) throws(InferenceError) {
        let results = Dictionary(
            zip(stack.demands.map(\.tap), results), uniquingKeysWith: { first, _ in first })
        var places: [Place] = []
        for (image, role) in stack.roles.enumerated() {
            switch role {
            case .target(let index): keep(index, image, results)
            case .subject(let subject, let pair):
                for (number, term) in plan.terms.enumerated() where term.subject == subject {
                    places += term.layers.indices.map {
                        Place(
                            image: image, target: stack.differences[image], pair: pair,
                            term: number, layer: $0)
                    }
                }
            }
        }
        let losses = try team.map(places.count) { item throws(InferenceError) in
            try team.checkCancelled()
            return try value(places[item], results, kernels, team)
        }
        for (place, loss) in zip(places, losses) {
            values[place.pair][place.term][place.layer] = loss
            addMap(place, results)
        }
    }

    private mutating func addMap(_ place: Place, _ results: [Tap: FeatureResult]) {
        let term = plan.terms[place.term]
        let (tap, layer) = term.layers[place.layer]
        let wanted = MapPlace(term: term.index, layer: layer.name)
        guard plan.maps.contains(wanted), let result = results[tap],
            let rule = term.measure.pairRules(at: layer.name).first,
            let sums = result.pairMaps.first(where: {
                $0.key.image == place.image && $0.key.rule == rule
            })?.value
        else { return }
        let output = pairs[place.pair].output
        pictures[place.pair][wanted] = term.measure.map(
            ofPairs: sums, result.shape, pixels: output.height * output.width)
    }

    private mutating func keep(_ target: Int, _ image: Int, _ results: [Tap: FeatureResult]) {
        for (tap, result) in results {
            for (demand, summary) in result.summaries where demand.image == image {
                summaries[target, default: [:]][tap, default: [:]][demand.kind] = summary
            }
            if let map = result.maps[image] { maps[target, default: [:]][tap] = map }
        }
    }

    private func value(
        _ place: Place, _ results: [Tap: FeatureResult], _ kernels: Kernels, _ team: Team
    ) throws(InferenceError) -> Double {
        let term = plan.terms[place.term]
        let measure = term.measure
        let tap = term.layers[place.layer].tap
        let pair = pairs[place.pair]
        guard let result = results[tap] else { return .nan }
        let pixels = pair.output.height * pair.output.width
        let layer = term.layers[place.layer].layer.name
        if measure.statistic == .jointMoments {
            let moments = result.moments.first { $0.key.image == place.image }?.value
            return measure.loss(ofMoments: moments, at: layer, pixels: pixels)
        }
        guard let kind = measure.summaryKind else {
            let sums = measure.pairRules(at: layer).map { rule in
                result.pairs.first { $0.key.image == place.image && $0.key.rule == rule }?.value
                    ?? .nan
            }
            return measure.loss(ofPairs: sums, result.shape, pixels: pixels)
        }
        if let target = place.target {
            let wanted = SummaryDemand(place.image, kind, changeFrom: target)
            return result.summaries[wanted].map { measure.loss(ofChange: $0, pixels: pixels) }
                ?? .nan
        }
        let blends = pair.targets.targets(of: term)
        let targets = blends.compactMap { blend in
            summaries[blend.target]?[tap]?[kind].map { (summary: $0, weight: blend.weight) }
        }
        guard let subject = result.summaries[SummaryDemand(place.image, kind)],
            targets.count == blends.count, !targets.isEmpty
        else { return .nan }
        return try measure.loss(
            of: subject, against: targets, pixels: pixels, kernels: kernels,
            check: team.checkCancelled)
    }

    /// Drops the statistics of targets that nothing more is compared with.
    mutating func forget(_ targets: [Int]) {
        for target in targets {
            maps[target] = nil
            summaries[target] = nil
        }
    }

    /// The statistics of targets, for a later request.
    func statistics(of indices: Set<Int>) -> [Int: TargetStatistics] {
        var statistics: [Int: TargetStatistics] = [:]
        for index in indices {
            guard let image = targets[index].image else { continue }
            statistics[index] = TargetStatistics(
                image: targets[index].statistics == nil ? image.detached() : image,
                summaries: summaries[index] ?? [:], maps: maps[index] ?? [:])
        }
        return statistics
    }

    /// The losses of every pair, with what was found of its pixels.
    /// - Throws: `nonFiniteResult`.
    func losses(_ pixels: [PixelLosses]) throws(InferenceError) -> [PairLosses] {
        let losses = pixels.enumerated().map { self.losses(ofPair: $0, $1) }
        try losses.checkFinite()
        return losses
    }

    /// The terms of a pair, in the order of the loss.
    private func losses(ofPair number: Int, _ pixels: PixelLosses) -> PairLosses {
        PairLosses(
            loss.terms.enumerated().compactMap { index, term in
                guard !term.needsMask || pairs[number].mask != nil else { return nil }
                guard term.features != nil else {
                    return pixels.values[index].map { TermLoss(term, loss: $0) }
                }
                guard let place = plan.terms.firstIndex(where: { $0.index == index }) else {
                    return nil
                }
                return TermLoss(
                    term,
                    zip(plan.terms[place].layers, values[number][place]).map { ($0.layer, $1) })
            })
    }
}
