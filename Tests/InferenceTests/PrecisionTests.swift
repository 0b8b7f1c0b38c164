import Inference
import TestSupport
import Testing

/// Losses of images that are nearly equal, and which way they are taken.
struct PrecisionTests {
    private static let pool = WorkerPool(workers: 2)
    private static let network = TestNetworks.vgg16
    private static let evaluator = LossEvaluator(extractor: Extractor(network: network))
    private static let layers = ["conv1_1", "relu1_2", "pool1", "conv2_1", "pool2"]

    private static func loss(gram: GramKind = .normalized) throws -> Loss {
        let layers = layers.map { LayerWeight($0) }
        return try #require(Presets.named("pconv"))
            .changed(style: layers, perceptual: layers, gram: gram)
    }

    // As AdaIN compares styles.
    private static let deviations = Loss(
        name: "deviations", summary: "", citation: "",
        terms: [
            Term(
                "style", weight: 1,
                .features(
                    FeatureMeasure(
                        layers.map { LayerWeight($0) },
                        .meanDeviation(eps: 1e-5, isUnbiased: true), .squared)))
        ])

    private static func evaluate(
        _ pairs: [Pair], _ targets: [Target], _ loss: Loss, imagesMax: Int? = nil,
        keeping: Set<Int> = [], precision: Precision? = nil, pool: WorkerPool = pool
    ) throws -> Evaluation {
        try pool.runAndWait { team in
            try evaluator.evaluate(
                pairs, targets: targets, loss: loss, imagesMax: imagesMax, keeping: keeping,
                precision: precision, team: team)
        }
    }

    private static func image(_ seed: Int, width: Int = 37, height: Int = 34) -> Image {
        TestNetworks.image(width: width, height: height, seed: seed)
    }

    private static func near(_ image: Image, every: Int = 5, step: Int = 1) -> Image {
        DifferenceWalkTests.near(image, every: every, step: step)
    }

    /// A hole in the middle.
    private static func mask(width: Int = 37, height: Int = 34) throws -> Mask {
        let samples = (0..<width * height).map { i -> UInt8 in
            let (y, x) = i.quotientAndRemainder(dividingBy: width)
            return (9..<19).contains(y) && (12..<20).contains(x) ? 0 : 255
        }
        let image = Image(width: width, height: height, channels: 1, uint8: samples)
        return try #require(Mask(image, polarity: .valid))
    }

    @Test(arguments: [GramKind.raw, .normalized, .covariance], [1, 5, 100_003])
    func `losses of nearly equal images equal the formulas`(gram: GramKind, every: Int) throws {
        let loss = try Self.loss(gram: gram)
        let target = Self.image(1)
        let output = Self.near(target, every: every)
        let losses = try Self.evaluate([Pair(output: output, target: 0)], [.image(target)], loss)
            .losses[0]
        let taps = Set(try loss.taps(in: .vgg16))
        let a = ReferenceLayers.walk(output, through: Self.network, taps: taps)
        let b = ReferenceLayers.walk(target, through: Self.network, taps: taps)
        for (number, name) in loss.layers.enumerated() {
            let tap = try #require(Tap(name))
            let (fa, fb) = (try #require(a[tap]), try #require(b[tap]))
            let perceptual = ReferenceLosses.l1(fa.values, fb.values)
            let style = ReferenceLosses.l1(
                ReferenceLosses.gram(fa, gram), ReferenceLosses.gram(fb, gram))
            let values = losses.terms.map { $0.layers?[number].loss ?? .nan }
            let tolerance = every > 1000 ? 1e-4 : 1e-5
            #expect(abs(values[0] / perceptual - 1) < tolerance, "perceptual \(name)")
            #expect(abs(values[1] / style - 1) < tolerance, "style \(name)")
        }
    }

    @Test func `the pair decides, unless the request does`() throws {
        let loss = try Self.loss()
        let target = Self.image(1)
        let (near, far) = (Self.near(target), Self.image(2))
        let cases: [(Image, Loss, Precision?, Precision)] = [
            (near, loss, nil, .difference), (far, loss, nil, .plain),
            (target, loss, nil, .difference),
            (near, loss, .plain, .plain), (far, loss, .difference, .difference),
            (near, try Self.loss(gram: .correlation), nil, .plain),
            (near, Self.deviations, nil, .plain),
        ]
        for (output, loss, precision, expected) in cases {
            let evaluation = try Self.evaluate(
                [Pair(output: output, target: 0)], [.image(target)], loss, precision: precision)
            #expect(evaluation.precisions == [[.output: expected]])
        }
    }

    @Test func `both ways agree on unlike images`() throws {
        for gram in [GramKind.raw, .normalized, .covariance] {
            let (loss, pair) = (try Self.loss(gram: gram), Pair(output: Self.image(2), target: 0))
            let ways = try Precision.allCases.map {
                try Self.evaluate([pair], [.image(Self.image(1))], loss, precision: $0).losses[0]
            }
            for (a, b) in zip(ways[0].terms, ways[1].terms) {
                #expect(abs(a.loss / b.loss - 1) < 1e-5, "\(a.key)")
            }
        }
    }

    // An output that is like nothing in a small hole: the composite alone is near.
    @Test func `output and composite are decided apart`() throws {
        let loss = try Self.loss()
        let pair = Pair(output: Self.image(2), target: 0, mask: try Self.mask())
        let evaluation = try Self.evaluate([pair], [.image(Self.image(1))], loss)
        #expect(evaluation.precisions == [[.output: .plain, .composite: .difference]])
        let plain = try Self.evaluate([pair], [.image(Self.image(1))], loss, precision: .plain)
        for (a, b) in zip(evaluation.losses[0].terms, plain.losses[0].terms) where b.loss > 0 {
            #expect(abs(a.loss / b.loss - 1) < 1e-4, "\(a.key)")
        }
    }

    private static func batch() throws -> (pairs: [Pair], targets: [Image]) {
        let targets = [image(1), image(2), image(3, width: 133, height: 17)]
        let pairs = [
            Pair(output: near(targets[0]), target: 0, mask: try mask()),
            Pair(output: image(7), target: 0, mask: try mask()),
            Pair(output: near(targets[2], every: 400), target: 2),
            Pair(output: image(8), target: 1),
            Pair(output: near(targets[0], every: 100_003), target: 0),
            Pair(output: near(targets[1], step: 2), target: 1),
        ]
        return (pairs, targets)
    }

    @Test(arguments: [1, 2, 3, 5, 64])
    func `pairs near and far equal the same pairs alone, bit for bit`(imagesMax: Int) throws {
        let (pairs, targets) = try Self.batch()
        for gram in [GramKind.normalized, .covariance] {
            let loss = try Self.loss(gram: gram)
            let together = try Self.evaluate(
                pairs, targets.map(Target.image), loss, imagesMax: imagesMax)
            for (number, pair) in pairs.enumerated() {
                let target = targets[try #require(pair.targets.pixels)]
                let alone = try Self.evaluate(
                    [Pair(output: pair.output, target: 0, mask: pair.mask)], [.image(target)], loss)
                #expect(alone.losses == [together.losses[number]])
                #expect(alone.precisions == [together.precisions[number]])
            }
        }
    }

    @Test(arguments: [1, 2, 3], [2, 16])
    func `workers and kept statistics change no bit of pairs near and far`(
        workers: Int, imagesMax: Int
    ) throws {
        let (pairs, targets) = try Self.batch()
        let loss = try Self.loss()
        let pool = WorkerPool(workers: workers)
        defer { pool.stop() }
        let usual = try Self.evaluate(pairs, targets.map(Target.image), loss)
        let first = try Self.evaluate(
            pairs, targets.map(Target.image), loss, imagesMax: imagesMax, keeping: [0, 1, 2],
            pool: pool)
        #expect(first.losses == usual.losses)
        let kept = try targets.indices.map { Target.statistics(try #require(first.statistics[$0])) }
        let again = try Self.evaluate(pairs, kept, loss, imagesMax: imagesMax, pool: pool)
        #expect(again.losses == usual.losses)
    }

    @Test func `equal images differ by exactly nothing`() throws {
        let image = Self.image(1)
        for gram in GramKind.allCases {
            let evaluation = try Self.evaluate(
                [Pair(output: image, target: 0, mask: try Self.mask())], [.image(image)],
                Self.loss(gram: gram))
            for term in evaluation.losses[0].terms where term.key != "tv" {
                #expect(term.loss == 0, "\(term.key)")
            }
        }
    }

    @Test func `a loss of another kind or of other sizes has no difference`() throws {
        #expect(try Self.loss().allowsDifference(.vgg16))
        #expect(try !Self.loss(gram: .correlation).allowsDifference(.vgg16))
        #expect(!Self.deviations.allowsDifference(.vgg16))
        let style = try Self.loss().changed(perceptual: [])
        let pair = Pair(output: Self.image(1), target: 0)
        let other = Self.image(1, width: 40, height: 40)
        #expect {
            try Self.evaluate([pair], [.image(other)], style, precision: .difference)
        } throws: { error in
            if case .shapeMismatch = error as? InferenceError { true } else { false }
        }
        #expect(
            try Self.evaluate([pair], [.image(other)], style).precisions == [[.output: .plain]])
    }
}
