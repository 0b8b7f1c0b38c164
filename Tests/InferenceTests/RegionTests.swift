import Codecs
import Foundation
import Inference
import TestSupport
import Testing

/// Features whose positions have the weights of a mask, against float64
/// (Scripts/fixtures/regions.py).
struct RegionTests {
    struct Goldens: Decodable {
        struct Case: Decodable, CustomTestStringConvertible {
            let width: Int
            let height: Int
            let samples: [[String: [String: Double]]]
            var testDescription: String { "\(width)x\(height)" }
        }
        let cases: [Case]
    }

    private static let goldens = Result {
        try JSONDecoder().decode(
            Goldens.self,
            from: Data(contentsOf: Fixtures.directory.appending(path: "regions.json")))
    }
    private static var cases: [Goldens.Case] { get throws { try goldens.get().cases } }
    private static let pool = WorkerPool(workers: 2)
    private static let embedded = Result {
        LossEvaluator(extractor: Extractor(network: try Fixtures.embedded.get()))
    }

    private static let layers = ["relu1_2", "relu2_2", "relu3_3"].map { LayerWeight($0) }
    private static let scaled = Statistic.features(scale: 1.0 / 255, unit: nil)
    // As FILM's, the same of the hole by other distances, and one that sees all.
    private static let loss = Loss(
        name: "regions", summary: "", citation: "",
        terms: [
            Term(
                "perceptual", weight: 1,
                .features(FeatureMeasure(layers, scaled, .l1, region: .valid))),
            Term(
                "style", weight: 1,
                .features(
                    FeatureMeasure(
                        layers, .gram(Gram(.positions, scale: 1.0 / 255)), .squared,
                        region: .valid))),
            Term(
                "perceptual_hole", weight: 1,
                .features(
                    FeatureMeasure(
                        layers, .features, .squared, Reduction(.sumOfChannels), region: .hole))),
            Term(
                "style_hole", weight: 1,
                .features(
                    FeatureMeasure(layers, .gram(Gram(.elements)), .l1, region: .hole))),
            Term(
                "perceptual_mean", weight: 1,
                .features(
                    FeatureMeasure(
                        layers, .features, .squared, region: .valid, divisor: .valid))),
            Term(
                "style_mean", weight: 1,
                .features(
                    FeatureMeasure(
                        layers, .gram(Gram(.elements)), .l1, region: .hole, divisor: .hole))),
            Term(
                "style_all", weight: 1,
                .features(FeatureMeasure(layers, .gram(Gram(.elements)), .l1))),
        ])

    private func pairs(
        _ golden: Goldens.Case
    ) throws -> (pairs: [Pair], targets: [Target]) {
        let fixtures = try PresetFixtures.all.get()
        var pairs: [Pair] = []
        var targets: [Target] = []
        for place in fixtures.pairs {
            let images = try fixtures.images(width: golden.width, height: golden.height, at: place)
            targets.append(.image(images.target))
            pairs.append(
                Pair(output: images.output, target: pairs.count, mask: images.mask))
        }
        return (pairs, targets)
    }

    private func losses(
        _ pairs: [Pair], _ targets: [Target], _ loss: Loss = loss, imagesMax: Int? = nil
    ) throws -> [PairLosses] {
        let evaluator = try Self.embedded.get()
        return try Self.pool.runAndWait { team in
            try evaluator.evaluate(
                pairs, targets: targets, loss: loss, imagesMax: imagesMax, team: team
            ).losses
        }
    }

    @Test(arguments: try cases)
    func `agrees with float64 on a batch of three`(golden: Goldens.Case) throws {
        let (pairs, targets) = try pairs(golden)
        for (losses, sample) in zip(try losses(pairs, targets), golden.samples) {
            #expect(losses.terms.map(\.key) == Self.loss.terms.map(\.key))
            for term in losses.terms {
                for layer in term.layers ?? [] {
                    let expected = try #require(sample[term.key]?[layer.name])
                    #expect(
                        abs(layer.loss / expected - 1) < 1e-5,
                        "\(term.key) \(layer.name): \(layer.loss), not \(expected)")
                }
            }
        }
    }

    @Test func `pairs of a batch have the bits they have alone`() throws {
        let golden = try #require(try Self.cases.first)
        let (pairs, targets) = try pairs(golden)
        let batch = try losses(pairs, targets)
        #expect(try losses(pairs, targets, imagesMax: 1) == batch)
        for (number, pair) in pairs.enumerated() {
            let alone = Pair(output: pair.output, target: 0, mask: pair.mask)
            #expect(try losses([alone], [targets[number]]) == [batch[number]])
        }
        // One target of all, whose matrices differ by the mask.
        let shared = pairs.map { Pair(output: $0.output, target: 0, mask: $0.mask) }
        let together = try losses(shared, [targets[0]])
        for (number, pair) in shared.enumerated() {
            #expect(try losses([pair], [targets[0]]) == [together[number]])
        }
    }

    @Test func `a mask of ones is no mask, and one of zeros weighs nothing`() throws {
        let images = (1...2).map { TestNetworks.image(width: 33, height: 26, seed: $0) }
        func mask(_ value: UInt8) throws -> Mask {
            let samples = [UInt8](repeating: value, count: 33 * 26)
            return try #require(
                Mask(Image(width: 33, height: 26, channels: 1, uint8: samples), polarity: .valid))
        }
        func values(_ loss: Loss, _ mask: Mask?) throws -> [Double] {
            try losses([Pair(output: images[0], target: 0, mask: mask)], [.image(images[1])], loss)[
                0
            ].terms.map(\.loss)
        }
        var valid = Self.loss, all = Self.loss
        valid.terms = valid.terms.filter { $0.features?.region == .valid }
        all.terms = valid.terms
        for index in all.terms.indices {
            all.terms[index].features?.region = .all
            all.terms[index].features?.divisor = .all
        }
        let expected = try values(all, nil)
        for (value, expected) in zip(try values(valid, mask(255)), expected) {
            #expect(abs(value / expected - 1) < 1e-6)
        }
        #expect(try values(valid, mask(0)).allSatisfy { $0 == 0 })
        // Without a mask the terms are not there.
        #expect(try values(valid, nil).isEmpty)
        #expect(try values(Self.loss, nil).count == 1)
    }

    @Test func `the mean of a layer's map is its loss`() throws {
        let golden = try #require(try Self.cases.last)
        let (pairs, targets) = try pairs(golden)
        let places = ["perceptual", "perceptual_hole", "perceptual_mean"].flatMap { key in
            Self.layers.compactMap { layer in
                Self.loss.terms.firstIndex { $0.key == key }
                    .map { MapPlace(term: $0, layer: layer.name) }
            }
        }
        let evaluator = try Self.embedded.get()
        let evaluation = try Self.pool.runAndWait { team in
            try evaluator.evaluate(
                pairs, targets: targets, loss: Self.loss, maps: Set(places), team: team)
        }
        #expect(try losses(pairs, targets) == evaluation.losses)
        for (losses, maps) in zip(evaluation.losses, evaluation.maps) {
            for place in places {
                let term = try #require(
                    losses.terms.first { $0.key == Self.loss.terms[place.term].key })
                let loss = try #require(term.layers?.first { $0.name == place.layer }).loss
                let values = try #require(maps[place]).values
                let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
                #expect(abs(mean / loss - 1) < 1e-6, "\(term.key) \(place.layer)")
            }
        }
    }

    // What lies outside a hole of whole pixels is the same for all three subjects' own weights.
    @Test func `composites and holes have regions too`() throws {
        let (width, height) = (33, 26)
        let output = TestNetworks.noise(count: 3 * width * height, seed: 1)
        let target = TestNetworks.noise(count: 3 * width * height, seed: 2)
        let valid = (0..<width * height).map { $0 % width < 14 || $0 / width < 9 }
        func image(_ sample: (_ place: Int, _ isValid: Bool) -> UInt8) -> Image {
            Image(
                width: width, height: height, channels: 3,
                uint8: (0..<3 * width * height).map { sample($0, valid[$0 / 3]) })
        }
        let mask = try #require(
            Mask(
                Image(
                    width: width, height: height, channels: 1,
                    uint8: valid.map { $0 ? 255 : 0 }), polarity: .valid))
        func values(_ subject: Subject, _ output: Image, _ target: Image) throws -> [Double] {
            var loss = Self.loss
            loss.terms = loss.terms.filter(\.needsMask)
            for index in loss.terms.indices { loss.terms[index].subject = subject }
            let pair = Pair(output: output, target: 0, mask: mask)
            return try losses([pair], [.image(target)], loss)[0].terms.map(\.loss)
        }
        let whole = (image { place, _ in output[place] }, image { place, _ in target[place] })
        let composite = image { $1 ? target[$0] : output[$0] }
        let holes = (image { $1 ? 0 : output[$0] }, image { $1 ? 0 : target[$0] })
        let pairs = [
            (try values(.composite, whole.0, whole.1), try values(.output, composite, whole.1)),
            (try values(.hole, whole.0, whole.1), try values(.output, holes.0, holes.1)),
        ]
        for (own, made) in pairs {
            for (value, expected) in zip(own, made) {
                #expect(abs(value / expected - 1) < 1e-6, "\(value), not \(expected)")
            }
        }
    }

    /// Against PyTorch's autograd in float64, each term by itself; kept or walked again, alone or in a
    /// batch.
    @Test func `the gradient of every term agrees with float64`() throws {
        let bytes = [UInt8](
            try Data(contentsOf: Fixtures.directory.appending(path: "regions.safetensors")))
        let file = try SafetensorsFile.parse(bytes.span)
        let output = try Fixtures.image("noise")
        let pair = Pair(
            output: output, target: 0, mask: GoldenGradientTests.mask(output.width, output.height))
        let target = Target.image(try Fixtures.image("crop-37x51-target"))
        func gradients(_ pairs: [Pair], keptBytesMax: Int) throws -> [[ImageGradient]] {
            let evaluator = LossEvaluator(
                extractor: try Self.embedded.get().extractor, keptBytesMax: keptBytesMax)
            return try Self.pool.runAndWait { team in
                try evaluator.gradients(
                    pairs, targets: [target], loss: Self.loss,
                    of: Self.loss.terms.indices.map { [$0] }, team: team
                ).gradients
            }
        }
        let kept = try gradients([pair], keptBytesMax: .max)
        let other = Pair(output: try #require(target.image), target: 0, mask: pair.mask)
        let batch = try gradients([other, pair], keptBytesMax: .max)
        let walkedAgain = try gradients([pair], keptBytesMax: 0)
        for (index, term) in Self.loss.terms.enumerated() {
            let values = kept[index][0].values
            #expect(batch[index][1].values == values && walkedAgain[index][0].values == values)
            let golden = try Elements.float64(try #require(file[term.key]), of: bytes.span)
            let planes = (0..<3).flatMap { c in
                stride(from: c, to: values.count, by: 3).map { Double(values[$0]) }
            }
            let error = GradientTests.error(planes, golden)
            #expect(error < 1e-5, "\(term.key): \(error)")
        }
    }

    @Test func `a pair without a mask has no gradient of a region`() throws {
        let images = (1...2).map { TestNetworks.image(width: 20, height: 20, seed: $0) }
        let gradients = try Self.pool.runAndWait { team in
            try Self.embedded.get().gradients(
                [Pair(output: images[0], target: 0)], targets: [.image(images[1])],
                loss: Self.loss, of: [[0], [Self.loss.terms.count - 1]], team: team
            ).gradients
        }
        #expect(gradients[0][0].values.allSatisfy { $0 == 0 })
        #expect(gradients[1][0].values.contains { $0 != 0 })
    }

    @Test func `given features have no terms of regions`() {
        #expect(Self.loss.given(layers: ["relu1_2"]).terms.map(\.key) == ["style_all"])
    }

    @Test(arguments: ["valid", "none"])
    func `targets of a region have the size of the output, where there is a mask`(
        mask kind: String
    ) throws {
        let samples = [UInt8](repeating: 9, count: 400)
        let mask = Mask(
            Image(width: 20, height: 20, channels: 1, uint8: samples), polarity: .valid)
        // A style target alone, which pixels are not compared with.
        var loss = Self.loss
        loss.terms = loss.terms.filter { $0.key.hasPrefix("style") }
        let pair = Pair(
            output: TestNetworks.image(width: 20, height: 20),
            targets: TargetChoice(
                pixels: nil, perceptual: nil, style: [.init(target: 0, weight: 1)]),
            mask: kind == "none" ? nil : mask)
        let targets = [Target.image(TestNetworks.image(width: 21, height: 20))]
        guard kind != "none" else {
            #expect(try losses([pair], targets, loss)[0].terms.map(\.key) == ["style_all"])
            return
        }
        #expect(
            throws: InferenceError.shapeMismatch(
                "the output is 20x20 (height x width) and the target 20x21 (height x width); "
                    + "statistics of patches and of regions need equal sizes")
        ) { try losses([pair], targets, loss) }
    }
}
