import Inference
import TestSupport
import Testing

/// Every number of every preset within 1e-5, relative, of its own paper or repository in float64
/// (Scripts/fixtures/preset_table.py).
struct PresetGoldenTests {
    private static let tolerance = 1e-5
    private static let pool = WorkerPool(workers: 2)
    private static let embedded = Result {
        LossEvaluator(extractor: Extractor(network: try Fixtures.embedded.get()))
    }
    private static let generated = Result {
        let seed = try PresetFixtures.all.get().generated.seed
        return LossEvaluator(
            extractor: Extractor(network: TestNetworks.generated(.vgg19, seed: seed)))
    }

    private static var cases: [PresetCase] {
        get throws {
            try PresetFixtures.all.get().cases.filter { Presets.named($0.preset) != nil }
        }
    }

    @Test(arguments: Presets.all.map(\.name))
    func `every preset has golden values of two sizes, one odd`(name: String) throws {
        let cases = try Self.cases.filter { $0.preset == name }
        #expect(Set(cases.map { [$0.width, $0.height] }).count == 2, "\(name)")
        #expect(cases.contains { $0.width % 2 == 1 && $0.height % 2 == 1 }, "\(name)")
    }

    @Test(arguments: try cases)
    func `agrees with float64 on a batch of three`(golden: PresetCase) throws {
        var loss = try #require(Presets.named(golden.preset))
        loss.input = golden.input.preprocessing
        let losses = try Self.evaluate(golden, loss)
        #expect(losses.count == golden.samples.count)
        for (losses, sample) in zip(losses, golden.samples) {
            // As the oracle has them: the order, the weights, the layers' weights.
            #expect(losses.terms.map(\.key) == golden.terms.map(\.key))
            for (term, expected) in zip(losses.terms, golden.terms) {
                #expect(
                    abs(term.weight - expected.weight) <= 1e-15 * abs(expected.weight),
                    "\(term.key)")
                let value = try #require(sample.terms[term.key])
                expect(term.loss, toBe: value.loss, term.key)
                for layer in term.layers ?? [] {
                    expect(
                        layer.loss, toBe: try #require(value.layers?[layer.name]),
                        "\(term.key).\(layer.name)")
                }
            }
            expect(losses.total, toBe: sample.total, "total")
        }
    }

    @Test(arguments: Presets.all.map(\.name))
    func `identical images differ by nothing, and a pair alone has a batch's bits`(
        name: String
    ) throws {
        let golden = try #require(try Self.cases.first { $0.preset == name })
        var loss = try #require(Presets.named(name))
        loss.input = golden.input.preprocessing
        let fixtures = try PresetFixtures.all.get()
        let images = try fixtures.pairs.map { try fixtures.images(of: golden, at: $0) }
        let batch = try Self.evaluate(golden, loss)
        for (image, losses) in zip(images, batch) {
            let pair = Pair(output: image.output, target: 0, mask: image.mask)
            #expect(try Self.evaluate([pair], [image.target], loss, golden) == [losses])
        }
        let same = Pair(output: images[0].target, target: 0, mask: images[0].mask)
        let identical = try Self.evaluate([same], [images[0].target], loss, golden)[0]
        for (term, other) in zip(identical.terms, batch[0].terms) {
            switch try #require(loss.terms.first { $0.key == term.key }).measure {
            case .variation: continue
            case .features(let features) where features.distance == .wasserstein:
                // Square roots whose iterations end after twelve steps, as the definition has them:
                // measured 1.0e-3 of the loss of two photographs.
                #expect(abs(term.loss) < 1e-2 * other.loss, "\(term.key)")
            default: #expect(term.loss == 0, "\(term.key)")
            }
        }
    }

    static func evaluate(_ golden: PresetCase, _ loss: Loss) throws -> [PairLosses] {
        let fixtures = try PresetFixtures.all.get()
        let images = try fixtures.pairs.map { try fixtures.images(of: golden, at: $0) }
        let pairs = images.enumerated().map {
            Pair(output: $1.output, target: $0, mask: $1.mask)
        }
        return try evaluate(pairs, images.map(\.target), loss, golden)
    }

    private static func evaluate(
        _ pairs: [Pair], _ targets: [Image], _ loss: Loss, _ golden: PresetCase
    ) throws -> [PairLosses] {
        let evaluator = try (golden.network == "embedded" ? embedded : generated).get()
        return try pool.runAndWait { team in
            try evaluator.evaluate(
                pairs, targets: targets.map { .image($0) }, loss: loss, team: team)
        }
        .losses
    }

    private func expect(_ value: Double, toBe expected: Double, _ name: String) {
        let error = abs(value - expected) / abs(expected)
        #expect(error <= Self.tolerance || value == expected, "\(name): \(value), not \(expected)")
    }
}

extension PresetCase.Input {
    var preprocessing: Preprocessing {
        Preprocessing(
            name: "custom", isBGR: order == "bgr", scale: scale, mean: mean, std: std)
    }
}
