import Inference
import TestSupport
import Testing

/// Losses of images that differ little, against float64: differences of far larger numbers, unless the
/// difference itself is walked.
struct SimilarTests {
    private static let pool = WorkerPool(workers: 2)
    private static let extractors = Result {
        let network = try Fixtures.embedded.get()
        return Dictionary(
            uniqueKeysWithValues: ExtractorTests.instructionSets.map {
                ($0, LossEvaluator(extractor: Extractor(network: network, instructionSet: $0)))
            })
    }

    @Test func `there are 2976 values of twelve families`() throws {
        let pairs = try SimilarPairs.all.get()
        #expect(pairs.families.count == 12 && pairs.families.contains("one sample"))
        #expect(pairs.cases.reduce(0) { $0 + $1.style.count + $1.perceptual.count } == 2976)
        #expect(pairs.taps == VGG.taps(.vgg16).map(\.description))
    }

    // Where one sample differs, a feature that changes sides of a ReLU is one of a few.
    @Test(arguments: try SimilarPairs.all.get().families, ExtractorTests.instructionSets)
    func `losses of similar images are as exact as of photographs`(
        family: String, instructionSet: InstructionSet
    ) throws {
        let pairs = try SimilarPairs.all.get()
        let evaluator = try #require(try Self.extractors.get()[instructionSet])
        var (worst, worstOfFloat32) = (0.0, 0.0)
        for pair in pairs.cases where pair.family == family {
            let errors = try Self.errors(of: pair, evaluator)
            worst = max(worst, errors.max() ?? .nan)
            worstOfFloat32 = max(
                worstOfFloat32, pair.styleFloat32Error.max() ?? 0,
                pair.perceptualFloat32Error.max() ?? 0)
        }
        // Without fused multiply-adds one value of 248 is off by 1.003e-4.
        let ofOneSample = instructionSet == .portable ? 1.1e-4 : 1e-4
        #expect(worst <= (family == "one sample" ? ofOneSample : 1e-5))
        // PyTorch's own error, or that of unlike photographs here.
        #expect(worst <= max(worstOfFloat32, 1e-6), "\(worst) against \(worstOfFloat32)")
    }

    private static func errors(
        of pair: SimilarCase, _ evaluator: LossEvaluator
    ) throws -> [Double] {
        let pairs = try SimilarPairs.all.get()
        let layers = pairs.taps.map { LayerWeight($0) }
        let loss = try #require(Presets.named("pconv")).changed(style: layers, perceptual: layers)
        let output = Pair(output: try pairs.output(of: pair), target: 0)
        let target = Target.image(try pairs.target(of: pair))
        let evaluation = try pool.runAndWait { team in
            try evaluator.evaluate([output], targets: [target], loss: loss, team: team)
        }
        #expect(evaluation.precisions == [[.output: .difference]])
        let terms = try #require(evaluation.losses.first).terms
        let expected = [("style", pair.style), ("perceptual", pair.perceptual)]
        return try expected.flatMap { key, expected in
            let term = try #require(terms.first { $0.key == key })
            let values = try #require(term.layers)
            #expect(values.map(\.name) == pairs.taps)
            return zip(values, expected).map { abs($0.loss / $1 - 1) }
        }
    }
}
