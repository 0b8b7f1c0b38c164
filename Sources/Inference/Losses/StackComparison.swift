/// The distances that stacks yield, and the statistics of targets while they are needed.
struct StackComparison {
    /// Stored features by target and tap.
    private(set) var maps: [Int: [Tap: FeatureMap]] = [:]
    private var grams: [Int: [Tap: GramMatrix]] = [:]
    private var style: [StackRole: [Tap: Double]] = [:]
    private var perceptual: [StackRole: [Tap: Double]] = [:]
    private let targets: [Target]
    private let options: LossOptions

    init(targets: [Target], options: LossOptions) {
        self.targets = targets
        self.options = options
        for (index, target) in targets.enumerated() {
            maps[index] = target.statistics?.features
            grams[index] = target.statistics?.grams
        }
    }

    /// Takes in what a stack was asked for.
    mutating func add(_ demands: StackDemands, _ results: [TapResult]) {
        for result in results {
            for (image, role) in demands.roles.enumerated() {
                guard case .target(let index) = role else { continue }
                grams[index, default: [:]][result.tap] = result.grams[image]
                if let map = result.features[image] { maps[index, default: [:]][result.tap] = map }
            }
            for (number, (image, pair)) in demands.compared.enumerated() {
                let role = demands.roles[image]
                let target = demands.targetOfPair[pair]
                if let gram = result.grams[image], let other = grams[target]?[result.tap] {
                    style[role, default: [:]][result.tap] = gram.distance(to: other)
                }
                if number < result.differences.count {
                    perceptual[role, default: [:]][result.tap] = result.differences[number]
                }
            }
        }
    }

    /// Drops the statistics of a target that nothing more is compared with.
    mutating func forget(_ target: Int) {
        maps[target] = nil
        grams[target] = nil
    }

    /// The statistics of targets, for a later request.
    func statistics(of indices: Set<Int>) -> [Int: TargetStatistics] {
        var statistics: [Int: TargetStatistics] = [:]
        for index in indices {
            statistics[index] =
                targets[index].statistics
                ?? TargetStatistics(
                    image: targets[index].image.detached(), gram: options.gram,
                    grams: grams[index] ?? [:], features: maps[index] ?? [:])
        }
        return statistics
    }

    /// The terms of a pair, in the order of `Term`; `pixels` is nil without a mask.
    func terms(ofPair number: Int, _ pixels: PixelTerms?) -> [TermLoss] {
        let output = StackRole.output(pair: number)
        let composite = StackRole.composite(pair: number)
        let terms = Term.allCases.map { term in
            switch term {
            case .pixelValid: pixels.map { plain(term, $0.valid) }
            case .pixelHole: pixels.map { plain(term, $0.hole) }
            case .tv: pixels.map { plain(term, $0.tv) }
            case .style: layered(term, style[output])
            case .styleComp: layered(term, style[composite])
            case .perceptual: layered(term, perceptual[output])
            case .perceptualComp: layered(term, perceptual[composite])
            }
        }
        return terms.compactMap(\.self)
    }

    private func plain(_ term: Term, _ loss: Double) -> TermLoss {
        TermLoss(term: term, loss: loss, weight: options.termWeights[term] ?? 0, layers: nil)
    }

    private func layered(_ term: Term, _ distances: [Tap: Double]?) -> TermLoss? {
        guard let distances, let layers = options.layers(of: term) else { return nil }
        var losses: [LayerLoss] = []
        var sum = 0.0
        for layer in layers {
            guard let distance = distances[layer.tap] else { continue }
            losses.append(LayerLoss(name: layer.tap.description, loss: distance))
            sum += layer.weight * distance
        }
        return TermLoss(
            term: term, loss: sum, weight: options.termWeights[term] ?? 0, layers: losses)
    }
}
