import Inference
import TestSupport
import Testing

/// Losses of images that differ little, against float64: differences of far larger numbers.
struct SimilarTests {
    private static let pool = WorkerPool(workers: 2)
    private static let embedded = Result {
        LossEvaluator(extractor: Extractor(network: try Fixtures.embedded.get()))
    }

    /// The largest relative error that walking both images leaves: twice what was measured, and far
    /// above 1e-5 only where next to nothing differs. PyTorch's float32 errs as much.
    private static let tolerances = [
        "JPEG 30": 1e-5, "JPEG 50": 1e-5, "JPEG 75": 1.5e-5, "JPEG 95": 1e-5, "blur": 1e-5,
        "bicubic": 1e-5, "noise": 3e-5, "contrast": 1.5e-5, "brighter": 2.5e-4, "hole 16": 7e-4,
        "hole 48": 1e-5, "one sample": 9e-2,
    ]

    @Test func `there are 2976 values of twelve families`() throws {
        let pairs = try SimilarPairs.all.get()
        #expect(Set(pairs.families) == Set(Self.tolerances.keys))
        #expect(pairs.cases.reduce(0) { $0 + $1.style.count + $1.perceptual.count } == 2976)
        #expect(pairs.taps == VGG.taps(.vgg16).map(\.description))
    }

    @Test(arguments: try SimilarPairs.all.get().cases)
    func `losses of similar images are as exact as float32 features allow`(
        pair: SimilarCase
    ) throws {
        let pairs = try SimilarPairs.all.get()
        let layers = pairs.taps.map { LayerWeight($0) }
        let loss = try #require(Presets.named("pconv")).changed(style: layers, perceptual: layers)
        let evaluator = try Self.embedded.get()
        let output = Pair(output: try pairs.output(of: pair), target: 0, mask: nil)
        let target = Target.image(try pairs.target(of: pair))
        let evaluation = try Self.pool.runAndWait { team in
            try evaluator.evaluate([output], targets: [target], loss: loss, team: team)
        }
        let losses = try #require(evaluation.losses.first)
        let tolerance = try #require(Self.tolerances[pair.family])
        for (key, expected) in [("style", pair.style), ("perceptual", pair.perceptual)] {
            let term = try #require(losses.terms.first { $0.key == key })
            let values = try #require(term.layers)
            #expect(values.map(\.name) == pairs.taps)
            for (layer, value) in zip(values, expected) {
                let error = abs(layer.loss / value - 1)
                #expect(error <= tolerance, "\(key) \(layer.name): \(layer.loss), not \(value)")
            }
        }
    }
}
