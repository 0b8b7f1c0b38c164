import Inference
import TestSupport
import Testing

/// Terms that are in the gradient with another weight than in the total.
struct GradientWeightTests {
    private static let pool = WorkerPool(workers: 2)
    private static let evaluator = LossEvaluator(extractor: Extractor(network: TestNetworks.vgg16))
    private let images = (1...2).map { TestNetworks.image(width: 11, height: 9, seed: $0) }

    private func loss(_ terms: [Term]) -> Loss {
        Loss(name: "own", summary: "", citation: "", terms: terms)
    }

    private func answer(_ loss: Loss) throws -> (losses: PairLosses, gradient: [Float]) {
        let answer = try Self.pool.runAndWait { team in
            try Self.evaluator.gradients(
                [Pair(output: images[0], target: 0)], targets: [.image(images[1])], loss: loss,
                of: [Set(loss.terms.indices)], team: team)
        }
        return (answer.evaluation.losses[0], answer.gradients[0][0].values)
    }

    private let measures: [(String, Measure)] = [
        ("tv", .variation(VariationMeasure(.gradient(power: 1), reduction: .sum, unit: .input))),
        ("pixel", .pixels(PixelMeasure(.squared))),
        (
            "style",
            .features(FeatureMeasure([LayerWeight("relu1_1")], .gram(Gram(.elements)), .squared))
        ),
    ]

    @Test func `the value has one weight and the gradient the other`() throws {
        for (key, measure) in measures {
            let split = try answer(loss([Term(key, weight: 0.25, gradientWeight: 3, measure)]))
            let value = try answer(loss([Term(key, weight: 0.25, measure)]))
            let slope = try answer(loss([Term(key, weight: 3, measure)]))
            #expect(split.losses == value.losses)
            #expect(split.gradient == slope.gradient && split.gradient != value.gradient)
            // A weight of 0 in the total is none in the gradient, and the other way round.
            let unreported = try answer(loss([Term(key, weight: 0, gradientWeight: 3, measure)]))
            #expect(unreported.losses.total == 0 && unreported.gradient == slope.gradient)
            let idle = try answer(loss([Term(key, weight: 2, gradientWeight: 0, measure)]))
            #expect(idle.losses.total > 0 && idle.gradient.allSatisfy { $0 == 0 })
        }
    }

    // Torch's TVLoss:updateGradInput step by step, of the network's input.
    private static let presets: [(String, Double)] = [
        ("neural-style", 1e-3), ("johnson", 1e-6), ("johnson-mean", 1e-6),
    ]

    @Test(arguments: presets)
    func `Torch's total variation is in the gradient and not in the loss`(
        preset: String, strength: Double
    ) throws {
        let term = try #require(Presets.named(preset)?.terms.last)
        #expect(term.key == "tv" && term.weight == 0 && term.gradientWeight == strength)
        let input = Presets.named(preset)?.input ?? Preprocessing.caffe
        var loss = loss([term])
        loss.input = input
        let (losses, gradient) = try answer(loss)
        #expect(losses.total == 0 && losses.terms[0].loss > 0)
        let scale = Double(input.scale)
        let x = ReferenceFeatures(images[0])
        var expected = [Double](repeating: 0, count: gradient.count)
        func add(_ c: Int, _ y: Int, _ x: Int, _ value: Double) {
            expected[(y * 11 + x) * 3 + c] += value * scale * scale * strength
        }
        for c in 0..<3 {
            for row in 0..<8 {
                for column in 0..<10 {
                    let across = x[c, row, column] - x[c, row, column + 1]
                    let down = x[c, row, column] - x[c, row + 1, column]
                    add(c, row, column, across + down)
                    add(c, row, column + 1, -across)
                    add(c, row + 1, column, -down)
                }
            }
        }
        #expect(Closeness(gradient.map(Double.init), to: expected).relative < 1e-6)
    }
}
