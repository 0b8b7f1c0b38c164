import Inference
import TestSupport
import Testing

/// What holds for every preset whatever its numbers are, on given features, which need no network, and
/// on images.
struct PresetInvariantTests {
    private static let pool = WorkerPool(workers: 2)
    // Large enough for patches of 16 positions.
    private static let shape = FeatureShape(channels: 5, height: 21, width: 18)
    // Learned factors are of a network's own channels: those presets have tests of their own.
    private static let names = Presets.all.filter { !$0.usesLearnedWeights }.map(\.name)

    /// Features of some samples of every layer of a loss, (C, H·W) each.
    private struct Body {
        var values: [String: [Double]] = [:]

        init(_ loss: Loss, samples: Int = 1, seed: Int) {
            for (number, layer) in loss.layers.enumerated() {
                values[layer] = KernelInputs.doubles(
                    samples * shape.count, 100 * seed + number)
            }
        }

        func mapped(_ transform: ([Double]) -> [Double]) -> Body {
            var body = self
            body.values = values.mapValues(transform)
            return body
        }

        func sample(_ number: Int) -> Body {
            mapped { Array($0[number * shape.count..<(number + 1) * shape.count]) }
        }
    }

    private static func losses(
        _ loss: Loss, _ output: Body, _ target: Body, pool: WorkerPool = pool,
        isDouble: Bool = true
    ) throws -> [PairLosses] {
        var layers: [FeatureEvaluator.Layer] = []
        var tensors: [(output: FeatureTensor, target: FeatureTensor)] = []
        for layer in loss.layers {
            let pair = try [output, target].map { body in
                let values = try #require(body.values[layer])
                let sizes = [values.count / shape.count, shape.channels, shape.height, shape.width]
                return FeatureTensor(
                    try FeatureDimensions(name: layer, sizes: sizes, layout: .nchw),
                    isDouble ? .float64(values) : .float32(values.map { Float($0) }))
            }
            layers.append((layer, pair[0].dimensions, pair[1].dimensions))
            tensors.append((pair[0], pair[1]))
        }
        let evaluator = try FeatureEvaluator(loss, layers: layers)
        return try pool.runAndWait { team in try evaluator.evaluate(tensors, team: team) }
    }

    // The terms of output and target with layers, which features are enough for.
    private static func loss(_ name: String) throws -> Loss {
        let loss = try #require(Presets.named(name))
        return loss.given(layers: loss.layers)
    }

    private func measure(_ term: TermLoss, of loss: Loss) throws -> FeatureMeasure {
        try #require(loss.terms.first { $0.key == term.key }?.features)
    }

    @Test(arguments: names)
    func `identical features differ by nothing`(name: String) throws {
        let loss = try Self.loss(name)
        let (a, b) = (Body(loss, seed: 1), Body(loss, seed: 2))
        let other = try Self.losses(loss, a, b)[0]
        for isDouble in [true, false] {
            let same = try Self.losses(loss, a, a, isDouble: isDouble)[0]
            for (term, other) in zip(same.terms, other.terms) {
                if try measure(term, of: loss).distance == .wasserstein {
                    #expect(abs(term.loss) < 1e-2 * other.loss)
                } else {
                    #expect(term.loss == 0, "\(term.key)")
                }
            }
        }
    }

    @Test(arguments: names)
    func `permuted positions leave Gram and moment statistics, and no others`(
        name: String
    ) throws {
        let loss = try Self.loss(name)
        let (a, b) = (Body(loss, seed: 1), Body(loss, seed: 2))
        let permuted = a.mapped { values in
            var result = values
            for c in 0..<Self.shape.channels {
                for p in 0..<Self.shape.positions {
                    // 11 has no divisor in common with 21 · 18.
                    let to = 11 * p % Self.shape.positions
                    result[c * Self.shape.positions + to] = values[c * Self.shape.positions + p]
                }
            }
            return result
        }
        let before = try Self.losses(loss, a, b)[0], after = try Self.losses(loss, permuted, b)[0]
        for (term, other) in zip(before.terms, after.terms) {
            let isOfPlaces =
                switch try measure(term, of: loss).statistic {
                case .features, .jointMoments: true
                case .gram(let gram): gram.patch != nil
                case .mean, .meanDeviation, .gaussian: false
                }
            let change = abs(other.loss / term.loss - 1)
            #expect(isOfPlaces ? change > 1e-4 : change < 1e-9, "\(term.key): \(change)")
        }
    }

    @Test(arguments: names, [0.5, 3])
    func `features times s have a power of s times the loss`(name: String, s: Double) throws {
        let loss = try Self.loss(name)
        let (a, b) = (Body(loss, seed: 1), Body(loss, seed: 2))
        let scale = { (body: Body) in body.mapped { $0.map { s * $0 } } }
        let before = try Self.losses(loss, a, b)[0]
        let after = try Self.losses(loss, scale(a), scale(b))[0]
        for (term, other) in zip(before.terms, after.terms) {
            let measure = try measure(term, of: loss)
            let (degree, tolerance) = Self.degree(measure)
            var power = 1.0
            for _ in 0..<degree { power *= s }
            let ratio = other.loss / term.loss / power
            #expect(abs(ratio - 1) < tolerance, "\(term.key): \(other.loss / term.loss)")
            #expect(measure.degree == degree)
        }
    }

    // By hand, and how exactly: ε beside a variance is no power of s.
    private static func degree(_ measure: FeatureMeasure) -> (Int, Double) {
        switch (measure.statistic, measure.distance) {
        case (.features(_, .some), .squared): (0, 1e-6)
        case (.features, .l1): (1, 1e-12)
        case (.features, .squared): (2, 1e-12)
        case (.gram, .l1): (2, 1e-12)
        case (.gram, .squared): (4, 1e-12)
        case (.mean, .squared): (2, 1e-12)
        case (.meanDeviation, .squared): (2, 1e-4)
        case (.gaussian, .wasserstein): (2, 1e-2)
        default: (-1, 0)
        }
    }

    @Test(arguments: names)
    func `a sample of a batch has the bits it has alone, on any number of threads`(
        name: String
    ) throws {
        let loss = try Self.loss(name)
        let (a, b) = (Body(loss, samples: 3, seed: 3), Body(loss, samples: 3, seed: 4))
        for isDouble in [true, false] {
            let batch = try Self.losses(loss, a, b, isDouble: isDouble)
            for sample in 0..<3 {
                let alone = try Self.losses(
                    loss, a.sample(sample), b.sample(sample), isDouble: isDouble)
                #expect(alone == [batch[sample]])
            }
            for workers in [1, 5] {
                let pool = WorkerPool(workers: workers)
                defer { pool.stop() }
                #expect(try Self.losses(loss, a, b, pool: pool, isDouble: isDouble) == batch)
            }
        }
    }

    private static let extractors: [Architecture: Extractor] = [
        .vgg16: Extractor(network: TestNetworks.vgg16),
        .vgg19: Extractor(network: TestNetworks.generated(.vgg19, seed: 7)),
    ]

    // Images beside other work: helpers come and go, and every share of the work is another.
    @Test(arguments: names)
    func `images have the same bits on one thread and on several under load`(
        name: String
    ) throws {
        let loss = try #require(Presets.named(name))
        let evaluator = LossEvaluator(
            extractor: try #require(Self.extractors[loss.network.architecture ?? .vgg16]))
        let side = name == "enhancenet" ? 64 : 35
        let images = (1...2).map { TestNetworks.image(width: side, height: side + 1, seed: $0) }
        let holes = TestNetworks.noise(count: side * (side + 1), seed: 3).map { $0 < 60 ? 0 : $0 }
        let mask = try #require(
            Mask(
                Image(width: side, height: side + 1, channels: 1, uint8: holes), polarity: .valid))
        func losses(_ pool: WorkerPool) throws -> [PairLosses] {
            try pool.runAndWait { team in
                try evaluator.evaluate(
                    [Pair(output: images[0], target: 0, mask: mask)], targets: [.image(images[1])],
                    loss: loss, team: team
                ).losses
            }
        }
        let one = WorkerPool(workers: 1)
        defer { one.stop() }
        let alone = try losses(one)
        let three = WorkerPool(workers: 3)
        defer { three.stop() }
        for seed in 0..<4 {
            three.submit { team in
                _ = team.map(200) { item in
                    KernelInputs.doubles(2000, seed * 1000 + item).reduce(0, +)
                }
            }
        }
        #expect(try losses(three) == alone)
    }
}
