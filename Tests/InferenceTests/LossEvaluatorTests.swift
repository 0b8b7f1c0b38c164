import Inference
import TestSupport
import Testing

struct LossEvaluatorTests {
    private static let pool = WorkerPool(workers: 2)
    private static let evaluator = LossEvaluator(
        extractor: Extractor(network: TestNetworks.vgg16))

    // Shallow taps keep these tests short; the golden tests go through the whole network.
    private static func options(
        _ layers: [String] = ["relu1_1", "pool1", "conv2_1"], gram: GramKind = .normalized
    ) throws -> LossOptions {
        var options = try #require(Preset.named("pconv")).options
        options.gram = gram
        options.styleLayers = try layers.map { LayerWeight(tap: try #require(Tap($0))) }
        options.perceptualLayers = options.styleLayers
        return options
    }

    private static func evaluate(
        _ pairs: [Pair], _ targets: [Target], _ options: LossOptions, imagesMax: Int = 16,
        keeping: Set<Int> = []
    ) throws -> Evaluation {
        try pool.runAndWait { team in
            try evaluator.evaluate(
                pairs, targets: targets, options: options, imagesMax: imagesMax,
                keeping: keeping, team: team)
        }
    }

    private static func image(_ seed: Int, width: Int = 21, height: Int = 18) -> Image {
        TestNetworks.image(width: width, height: height, seed: seed)
    }

    private static func mask(width: Int = 21, height: Int = 18) throws -> Mask {
        let samples = TestNetworks.noise(count: width * height, seed: 99).map { $0 < 60 ? 0 : $0 }
        let image = Image(width: width, height: height, channels: 1, uint8: samples)
        return try #require(Mask(image, polarity: .valid))
    }

    @Test func `identical images give exactly zero`() throws {
        let image = Self.image(1)
        for gram in GramKind.allCases {
            let evaluation = try Self.evaluate(
                [Pair(output: image, target: 0, mask: try Self.mask())], [.image(image)],
                Self.options(gram: gram))
            for term in evaluation.losses[0].terms where term.term != .tv {
                #expect(term.loss == 0, "\(term.term)")
            }
        }
    }

    @Test func `losses equal the formulas on the reference features`() throws {
        let options = try Self.options(["conv1_1", "pool1"])
        let (output, target) = (Self.image(1), Self.image(2))
        let losses = try Self.evaluate([Pair(output: output, target: 0)], [.image(target)], options)
            .losses[0]
        #expect(losses.terms.map(\.term) == [.perceptual, .style])
        let taps = Set(options.taps(in: .vgg16))
        let network = TestNetworks.vgg16
        let a = ReferenceLayers.walk(output, through: network, taps: taps)
        let b = ReferenceLayers.walk(target, through: network, taps: taps)
        for (number, layer) in options.styleLayers.enumerated() {
            let (fa, fb) = (try #require(a[layer.tap]), try #require(b[layer.tap]))
            let perceptual = ReferenceLosses.l1(fa.values, fb.values)
            let style = ReferenceLosses.l1(
                ReferenceLosses.gram(fa, .normalized), ReferenceLosses.gram(fb, .normalized))
            let values = losses.terms.map { $0.layers?[number].loss ?? .nan }
            #expect(abs(values[0] / perceptual - 1) < 1e-5)
            #expect(abs(values[1] / style - 1) < 1e-5)
        }
    }

    // One target for all, targets of their own, masks, other sizes; stacks of every size.
    @Test(arguments: [1, 2, 3, 5, 64])
    func `many pairs equal the same pairs alone, bit for bit`(imagesMax: Int) throws {
        let targets = [
            Target.image(Self.image(1)), .image(Self.image(2)),
            .image(Self.image(3, width: 33, height: 16)),
        ]
        let pairs = [
            Pair(output: Self.image(4), target: 0, mask: try Self.mask()),
            Pair(output: Self.image(5, width: 33, height: 16), target: 2),
            Pair(output: Self.image(6), target: 1),
            Pair(output: Self.image(7), target: 0),
            Pair(output: Self.image(8), target: 0, mask: try Self.mask()),
        ]
        for gram in [GramKind.normalized, .covariance] {
            let options = try Self.options(gram: gram)
            let together = try Self.evaluate(pairs, targets, options, imagesMax: imagesMax)
            for (pair, losses) in zip(pairs, together.losses) {
                let alone = try Self.evaluate(
                    [Pair(output: pair.output, target: 0, mask: pair.mask)],
                    [targets[pair.target]], options)
                #expect(alone.losses == [losses])
            }
        }
    }

    @Test(arguments: [1, 16])
    func `kept statistics give the same bits as the target`(imagesMax: Int) throws {
        let options = try Self.options()
        let target = Self.image(1)
        let pairs = [
            Pair(output: Self.image(2), target: 0, mask: try Self.mask()),
            Pair(output: Self.image(3), target: 0),
        ]
        let first = try Self.evaluate(
            pairs, [.image(target)], options, imagesMax: imagesMax, keeping: [0])
        let statistics = try #require(first.statistics[0])
        #expect(statistics.covers(options))
        #expect(statistics.byteCount >= LossEvaluator.statisticsBytes(of: target.size, options))
        #expect(statistics.byteCount < 2 * LossEvaluator.statisticsBytes(of: target.size, options))
        #expect(!statistics.covers(try Self.options(gram: .raw)))
        #expect(!statistics.covers(try Self.options(["relu1_2"])))
        let again = try Self.evaluate(
            pairs, [.statistics(statistics)], options, imagesMax: imagesMax, keeping: [0])
        #expect(again.losses == first.losses)
        #expect(again.statistics[0]?.byteCount == statistics.byteCount)
    }

    @Test func `a mask brings all seven terms, in order`() throws {
        let options = try Self.options()
        let pair = Pair(output: Self.image(1), target: 0, mask: try Self.mask())
        let losses = try Self.evaluate([pair], [.image(Self.image(2))], options).losses[0]
        #expect(losses.terms.map(\.term) == Term.allCases)
        #expect(losses.terms.map(\.weight) == [1, 6, 0.05, 0.05, 120, 120, 0.1])
        let total = losses.terms.reduce(0) { $0 + $1.weight * $1.loss }
        #expect(losses.total == total)
        let plain = losses.terms.filter { $0.layers == nil }.map(\.term)
        #expect(plain == [.pixelValid, .pixelHole, .tv])
    }

    @Test func `an empty list switches a term off`() throws {
        var options = try Self.options()
        let pair = Pair(output: Self.image(1), target: 0, mask: try Self.mask())
        options.styleLayers = []
        let perceptual = try Self.evaluate([pair], [.image(Self.image(2))], options).losses[0]
        #expect(
            perceptual.terms.map(\.term)
                == [.pixelValid, .pixelHole, .perceptual, .perceptualComp, .tv])
        options.perceptualLayers = []
        let pixels = try Self.evaluate([pair], [.image(Self.image(2))], options).losses[0]
        #expect(pixels.terms.map(\.term) == [.pixelValid, .pixelHole, .tv])
    }

    @Test func `layer weights enter the term and not the layer`() throws {
        var options = try Self.options(["relu1_1", "pool1"])
        let pair = Pair(output: Self.image(1), target: 0)
        let plain = try Self.evaluate([pair], [.image(Self.image(2))], options).losses[0]
        options.styleLayers[1] = LayerWeight(tap: options.styleLayers[1].tap, weight: 0.25)
        let weighted = try Self.evaluate([pair], [.image(Self.image(2))], options).losses[0]
        #expect(weighted.terms[1].layers == plain.terms[1].layers)
        let layers = try #require(plain.terms[1].layers)
        #expect(weighted.terms[1].loss == layers[0].loss + 0.25 * layers[1].loss)
    }

    @Test func `pairs of other sizes have Gram losses alone`() throws {
        var options = try Self.options()
        let pair = Pair(output: Self.image(1), target: 0)
        let target = Target.image(Self.image(2, width: 40, height: 17))
        #expect(throws: InferenceError.self) { try Self.evaluate([pair], [target], options) }
        options.perceptualLayers = []
        let losses = try Self.evaluate([pair], [target], options).losses[0]
        #expect(losses.terms.map(\.term) == [.style])
        let masked = Pair(output: Self.image(1), target: 0, mask: try Self.mask())
        #expect(throws: InferenceError.self) { try Self.evaluate([masked], [target], options) }
    }

    @Test func `a mask of another size is refused`() throws {
        let pair = Pair(output: Self.image(1), target: 0, mask: try Self.mask(width: 20))
        #expect(throws: InferenceError.self) {
            try Self.evaluate([pair], [.image(Self.image(2))], Self.options())
        }
    }

    @Test func `an image too small for a tap is refused with the minimum`() throws {
        let pair = Pair(output: Self.image(1), target: 0)
        #expect(throws: InferenceError.imageTooSmall(minimum: 32, tap: "pool5")) {
            try Self.evaluate([pair], [.image(Self.image(2))], Self.options(["pool1", "pool5"]))
        }
    }

    @Test func `the estimate grows with the images walked together`() throws {
        let options = try Self.options()
        let target = TargetShape(size: ImageSize(height: 64, width: 64))
        // A target for each, so that none is kept for a later stack.
        let pairs = (0..<8).map { PairShape(output: target.size, target: $0) }
        let estimates = [2, 4, 16].map { imagesMax in
            Self.evaluator.estimateBytes(
                pairs: pairs, targets: pairs.map { _ in target }, options: options,
                imagesMax: imagesMax, workers: 2)
        }
        #expect(estimates[0] > 0 && estimates[0] < estimates[1] && estimates[1] < estimates[2])
    }

    @Test func `cancelled work throws`() throws {
        let options = try Self.options()
        #expect(throws: InferenceError.cancelled) {
            try Self.pool.runAndWait { team in
                try Self.evaluator.evaluate(
                    [Pair(output: Self.image(1), target: 0)], targets: [.image(Self.image(2))],
                    options: options, team: team.cancelled { true })
            }
        }
    }
}

struct PresetTests {
    @Test func `pconv is the only preset`() {
        #expect(Preset.all.map(\.name) == ["pconv"])
        #expect(Preset.named("gatys") == nil)
    }

    @Test func `pconv is what PConv-Keras computes`() throws {
        let options = try #require(Preset.named("pconv")).options
        #expect(options.styleLayers.map(\.tap.description) == ["pool1", "pool2", "pool3"])
        #expect(options.perceptualLayers == options.styleLayers)
        #expect(options.gram == .normalized && options.maskPolarity == .valid)
        #expect(options.taps(in: .vgg16).map(\.description) == ["pool1", "pool2", "pool3"])
        #expect(options.unknownTap(in: .vgg16) == nil)
    }

    @Test func `a tap of VGG-19 alone is unknown to VGG-16`() throws {
        var options = try #require(Preset.named("pconv")).options
        options.perceptualLayers = [LayerWeight(tap: try #require(Tap("conv3_4")))]
        #expect(options.unknownTap(in: .vgg16)?.description == "conv3_4")
        #expect(options.unknownTap(in: .vgg19) == nil)
    }
}
