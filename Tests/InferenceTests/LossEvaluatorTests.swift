import Inference
import TestSupport
import Testing

struct LossEvaluatorTests {
    private static let pool = WorkerPool(workers: 2)
    private static let evaluator = LossEvaluator(
        extractor: Extractor(network: TestNetworks.vgg16))

    // Shallow taps keep these tests short; the golden tests go through the whole network.
    private static func loss(
        _ layers: [String] = ["relu1_1", "pool1", "conv2_1"], gram: GramKind = .normalized
    ) throws -> Loss {
        let layers = layers.map { LayerWeight($0) }
        return try #require(Presets.named("pconv"))
            .changed(style: layers, perceptual: layers, gram: gram)
    }

    private static func evaluate(
        _ pairs: [Pair], _ targets: [Target], _ loss: Loss, imagesMax: Int = 16,
        keeping: Set<Int> = []
    ) throws -> Evaluation {
        try pool.runAndWait { team in
            try evaluator.evaluate(
                pairs, targets: targets, loss: loss, imagesMax: imagesMax,
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
                Self.loss(gram: gram))
            for term in evaluation.losses[0].terms where term.key != "tv" {
                #expect(term.loss == 0, "\(term.key)")
            }
        }
    }

    @Test func `losses equal the formulas on the reference features`() throws {
        let loss = try Self.loss(["conv1_1", "pool1"])
        let (output, target) = (Self.image(1), Self.image(2))
        let losses = try Self.evaluate([Pair(output: output, target: 0)], [.image(target)], loss)
            .losses[0]
        #expect(losses.terms.map(\.key) == ["perceptual", "style"])
        let taps = Set(try loss.taps(in: .vgg16))
        let network = TestNetworks.vgg16
        let a = ReferenceLayers.walk(output, through: network, taps: taps)
        let b = ReferenceLayers.walk(target, through: network, taps: taps)
        for (number, name) in loss.layers.enumerated() {
            let tap = try #require(Tap(name))
            let (fa, fb) = (try #require(a[tap]), try #require(b[tap]))
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
            let loss = try Self.loss(gram: gram)
            let together = try Self.evaluate(pairs, targets, loss, imagesMax: imagesMax)
            for (pair, losses) in zip(pairs, together.losses) {
                let alone = try Self.evaluate(
                    [Pair(output: pair.output, target: 0, mask: pair.mask)],
                    [targets[try #require(pair.targets.pixels)]], loss)
                #expect(alone.losses == [losses])
            }
        }
    }

    @Test(arguments: [1, 16])
    func `kept statistics give the same bits as the target`(imagesMax: Int) throws {
        let loss = try Self.loss()
        let target = Self.image(1)
        let pairs = [
            Pair(output: Self.image(2), target: 0, mask: try Self.mask()),
            Pair(output: Self.image(3), target: 0),
        ]
        let first = try Self.evaluate(
            pairs, [.image(target)], loss, imagesMax: imagesMax, keeping: [0])
        let statistics = try #require(first.statistics[0])
        func needs(_ loss: Loss) throws -> TargetNeeds { try TargetNeeds(loss, .vgg16) }
        #expect(statistics.covers(try needs(loss)))
        let bytes = try needs(loss).byteCount(of: target.size, NetworkVariant(.vgg16))
        #expect(statistics.byteCount >= bytes && statistics.byteCount < 2 * bytes)
        // Other constants of the same products, and not other products.
        #expect(statistics.covers(try needs(Self.loss(gram: .raw))))
        #expect(!statistics.covers(try needs(Self.loss(gram: .covariance))))
        #expect(!statistics.covers(try needs(Self.loss(["relu1_2"]))))
        let again = try Self.evaluate(
            pairs, [.statistics(statistics)], loss, imagesMax: imagesMax, keeping: [0])
        #expect(again.losses == first.losses)
        #expect(again.statistics[0]?.byteCount == statistics.byteCount)
    }

    @Test(arguments: [1, 16])
    func `statistics that cover a part give the same bits, and those of the rest beside them`(
        imagesMax: Int
    ) throws {
        let pairs = [
            Pair(output: Self.image(2), target: 0, mask: try Self.mask()),
            Pair(output: Self.image(3), target: 0),
        ]
        let target = Target.image(Self.image(1))
        let part = try Self.evaluate(
            pairs, [target], Self.loss(["pool2"]), imagesMax: imagesMax, keeping: [0])
        let statistics = try #require(part.statistics[0])
        for loss in [try Self.loss(["pool1", "pool2"]), try Self.loss(gram: .covariance)] {
            let whole = try Self.evaluate(pairs, [target], loss, imagesMax: imagesMax)
            let rest = try Self.evaluate(
                pairs, [.statistics(statistics)], loss, imagesMax: imagesMax, keeping: [0])
            #expect(rest.losses == whole.losses)
            let joined = try #require(rest.statistics[0])
            #expect(joined.covers(try TargetNeeds(loss, .vgg16)))
            #expect(joined.covers(try TargetNeeds(Self.loss(["pool2"]), .vgg16)))
        }
    }

    @Test func `a mask brings all seven terms, in order`() throws {
        let loss = try Self.loss()
        let pair = Pair(output: Self.image(1), target: 0, mask: try Self.mask())
        let losses = try Self.evaluate([pair], [.image(Self.image(2))], loss).losses[0]
        #expect(losses.terms.map(\.key) == loss.terms.map(\.key))
        #expect(losses.terms.map(\.weight) == [1, 6, 0.05, 0.05, 120, 120, 0.1])
        let total = losses.terms.reduce(0) { $0 + $1.weight * $1.loss }
        #expect(losses.total == total)
        let plain = losses.terms.filter { $0.layers == nil }.map(\.key)
        #expect(plain == ["pixel_valid", "pixel_hole", "tv"])
    }

    @Test func `an empty list switches a term off`() throws {
        var loss = try Self.loss()
        let pair = Pair(output: Self.image(1), target: 0, mask: try Self.mask())
        loss = loss.changed(style: [])
        let perceptual = try Self.evaluate([pair], [.image(Self.image(2))], loss).losses[0]
        #expect(
            perceptual.terms.map(\.key)
                == ["pixel_valid", "pixel_hole", "perceptual", "perceptual_comp", "tv"])
        loss = loss.changed(perceptual: [])
        let pixels = try Self.evaluate([pair], [.image(Self.image(2))], loss).losses[0]
        #expect(pixels.terms.map(\.key) == ["pixel_valid", "pixel_hole", "tv"])
    }

    @Test func `layer weights enter the term and not the layer`() throws {
        var loss = try Self.loss(["relu1_1", "pool1"])
        let pair = Pair(output: Self.image(1), target: 0)
        let plain = try Self.evaluate([pair], [.image(Self.image(2))], loss).losses[0]
        loss = loss.changed(
            style: [LayerWeight("relu1_1"), LayerWeight("pool1", weight: 0.25)])
        let weighted = try Self.evaluate([pair], [.image(Self.image(2))], loss).losses[0]
        #expect(weighted.terms[1].layers == plain.terms[1].layers)
        let layers = try #require(plain.terms[1].layers)
        #expect(weighted.terms[1].loss == layers[0].loss + 0.25 * layers[1].loss)
    }

    @Test func `pairs of other sizes have Gram losses alone`() throws {
        var loss = try Self.loss()
        let pair = Pair(output: Self.image(1), target: 0)
        let target = Target.image(Self.image(2, width: 40, height: 17))
        #expect { try Self.evaluate([pair], [target], loss) } throws: { isMismatch($0) }
        loss = loss.changed(perceptual: [])
        let losses = try Self.evaluate([pair], [target], loss).losses[0]
        #expect(losses.terms.map(\.key) == ["style"])
        let masked = Pair(output: Self.image(1), target: 0, mask: try Self.mask())
        #expect { try Self.evaluate([masked], [target], loss) } throws: { isMismatch($0) }
    }

    private func isMismatch(_ error: any Error) -> Bool {
        if case .shapeMismatch = error as? InferenceError { true } else { false }
    }

    @Test func `a mask of another size is refused`() throws {
        let pair = Pair(output: Self.image(1), target: 0, mask: try Self.mask(width: 20))
        #expect {
            try Self.evaluate([pair], [.image(Self.image(2))], Self.loss())
        } throws: { isMismatch($0) }
    }

    @Test func `an image too small for a tap is refused with the minimum`() throws {
        let pair = Pair(output: Self.image(1), target: 0)
        #expect(throws: InferenceError.imageTooSmall(minimum: 32, tap: "pool5")) {
            try Self.evaluate([pair], [.image(Self.image(2))], Self.loss(["pool1", "pool5"]))
        }
    }

    @Test func `the estimate grows with the images walked together`() throws {
        let loss = try Self.loss()
        // Of its own: kernels that another test prepares meanwhile leave the estimate.
        let evaluator = LossEvaluator(extractor: Extractor(network: TestNetworks.vgg16))
        let target = TargetShape(size: ImageSize(height: 64, width: 64))
        // A target for each, so that none is kept for a later stack.
        let pairs = (0..<8).map { PairShape(output: target.size, targets: TargetChoice($0)) }
        let estimates = try [2, 4, 16].map { imagesMax in
            try evaluator.estimateBytes(
                pairs: pairs, targets: pairs.map { _ in target }, loss: loss,
                imagesMax: imagesMax, workers: 2)
        }
        #expect(estimates[0] > 0 && estimates[0] < estimates[1] && estimates[1] < estimates[2])
    }

    @Test func `features of a target count where they are kept, and nowhere else`() throws {
        let size = ImageSize(height: 512, width: 384)
        let evaluator = LossEvaluator(extractor: Extractor(network: TestNetworks.vgg16))
        let estimates = try [false, true].map { isKept in
            try evaluator.estimateBytes(
                pairs: [PairShape(output: size, targets: TargetChoice(0))],
                targets: [TargetShape(size: size, isKept: isKept)],
                loss: Self.loss(["pool1", "pool2"]), precision: .plain, workers: 2)
        }
        #expect(estimates[1] - estimates[0] == 4 * (64 * 256 * 192 + 128 * 128 * 96))
    }

    @Test func `cancelled work throws`() throws {
        let loss = try Self.loss()
        #expect(throws: InferenceError.cancelled) {
            try Self.pool.runAndWait { team in
                try Self.evaluator.evaluate(
                    [Pair(output: Self.image(1), target: 0)], targets: [.image(Self.image(2))],
                    loss: loss, team: team.cancelled { true })
            }
        }
    }
}

struct PresetTests {
    @Test func `names and keys of terms differ`() {
        let names = Presets.all.map(\.name)
        #expect(Set(names).count == names.count)
        for preset in Presets.all {
            let keys = preset.terms.map(\.key)
            #expect(Set(keys).count == keys.count, "\(preset.name)")
            #expect(!preset.summary.isEmpty && !preset.citation.isEmpty, "\(preset.name)")
        }
        #expect(Presets.named("nothing") == nil)
    }

    @Test func `pconv is what PConv-Keras computes`() throws {
        let pconv = try #require(Presets.named("pconv"))
        #expect(Presets.all.first == pconv)
        #expect(pconv.layers == ["pool1", "pool2", "pool3"])
        #expect(pconv.maskPolarity == .valid)
        #expect(
            pconv.terms.map(\.key) == [
                "pixel_valid", "pixel_hole", "perceptual", "perceptual_comp", "style",
                "style_comp", "tv",
            ])
        #expect(try pconv.taps(in: .vgg16).map(\.description) == ["pool1", "pool2", "pool3"])
    }

    @Test func `a tap of VGG-19 alone is unknown to VGG-16`() throws {
        let loss = Presets.all[0].changed(perceptual: [LayerWeight("conv3_4")])
        #expect(throws: InferenceError.unknownLayer("conv3_4")) { try loss.taps(in: .vgg16) }
        #expect(try loss.taps(in: .vgg19).contains { $0.description == "conv3_4" })
    }
}
