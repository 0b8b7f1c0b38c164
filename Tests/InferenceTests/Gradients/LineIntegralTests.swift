import Inference
import Testing

/// `L(x₁) − L(x₀) = ∫ g(x₀ + t (x₁ − x₀))·(x₁ − x₀) dt`: true of every piecewise smooth loss, whatever
/// its gradient is at kinks.
struct LineIntegralTests {
    private static let pool = WorkerPool(workers: 2)

    // Johnson et al.'s squares and PConv's absolute values; and pools of roots.
    @Test(arguments: ["johnson", "pconv", "dists-like"])
    func `the gradient along a line adds up to the difference of the losses`(
        name: String
    ) throws {
        let evaluator = LossEvaluator(extractor: Extractor(network: try Fixtures.embedded.get()))
        let loss = try Self.loss(name)
        let target = try Fixtures.image("crop-49x35-target")
        let (from, to) = (
            Self.values(try Fixtures.image("crop-49x35-output")), Self.values(target)
        )
        // A tenth of the way: kinks are passed, and the midpoints see where.
        let step = zip(from, to).map { 0.1 * ($1 - $0) }
        let evaluate = { (t: Float) throws -> (loss: Double, slope: Double) in
            let values = zip(from, step).map { $0 + t * $1 }
            let image = Image(
                width: target.width, height: target.height, channels: 3, float32: values,
                range: .zeroToOne)
            let answer = try Self.pool.runAndWait { team in
                try evaluator.gradients(
                    [Pair(output: image, target: 0)], targets: [.image(target)], loss: loss,
                    of: [Set(loss.terms.indices)], team: team)
            }
            let slope = zip(answer.gradients[0][0].values, step).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
            return (answer.evaluation.losses[0].total, slope)
        }
        let count = 32
        let integral = try (0..<count).reduce(0.0) {
            $0 + (try evaluate((Float($1) + 0.5) / Float(count)).slope) / Double(count)
        }
        let difference = try evaluate(1).loss - evaluate(0).loss
        let error = abs(integral - difference) / abs(difference)
        #expect(error < 1e-3, "\(name): \(integral), not \(difference)")
    }

    private static func loss(_ name: String) throws -> Loss {
        if let preset = Presets.named(name) { return preset }
        let layers = ["relu1_2", "relu2_2", "relu3_3"].map { LayerWeight($0) }
        return Loss(
            name: name, summary: "", citation: "", network: LossNetwork(pooling: .l2Hann),
            terms: [
                Term(
                    "unit", weight: 1,
                    .features(
                        FeatureMeasure(
                            layers,
                            .features(
                                scale: 1, unit: ChannelUnit(eps: 1e-10, isInsideRoot: false)),
                            .squared)))
            ])
    }

    private static func values(_ image: Image) -> [Float] {
        (0..<image.height).flatMap { y in
            var row = [Float](repeating: 0, count: 3 * image.width)
            row.withUnsafeMutableBufferPointer { image.readRow(y, into: $0) }
            return row
        }
    }
}
