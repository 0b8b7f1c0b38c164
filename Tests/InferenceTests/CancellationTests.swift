import Inference
import TestSupport
import Testing

/// Loops whose length a client chooses look at whether anybody still waits, and end when nobody does.
struct CancellationTests {
    private static let pool = WorkerPool(workers: 1)

    /// How often work asks, and that it ends with the question that is answered no.
    private func asked(
        at least: Int, _ work: (_ check: () throws(InferenceError) -> Void) throws -> Void
    ) throws {
        var count = 0
        try work { count += 1 }
        #expect(count >= least)
        for limit in [1, count / 2, count] where limit > 0 {
            var asked = 0
            #expect(throws: InferenceError.cancelled) {
                try work { () throws(InferenceError) in
                    asked += 1
                    if asked >= limit { throw .cancelled }
                }
            }
            #expect(asked == limit)
        }
    }

    @Test func `products of matrices and their roots`() throws {
        var matrix = SymmetricMatrix(order: 130)
        for i in 0..<130 { matrix[i, i] = Double(i + 1) }
        let kernels = Kernels(.best)
        try asked(at: 10) { check in _ = try matrix.times(matrix, kernels, check) }
        try asked(at: 90) { check in _ = try matrix.squareRoot(steps: 3, kernels, check) }
    }

    @Test func `distances of normal distributions of any number of channels`() throws {
        let shape = FeatureShape(channels: 70, height: 1, width: 80)
        var sums: [Double] = []
        for i in 0..<70 { for j in i..<70 { sums.append(i == j ? Double(80 + i) : 0) } }
        let summary = Summary(
            kind: .centredProducts, shape: shape, means: [Double](repeating: 0, count: 70),
            sums: sums)
        let measure = FeatureMeasure(
            [LayerWeight("x")], .gaussian(eps: 1e-3, steps: 12), .squared)
        try asked(at: 300) { check in
            _ = try measure.loss(
                of: summary, against: [(summary, 1)], pixels: 80, kernels: Kernels(.best),
                check: check)
        }
    }

    @Test func `maps that are enlarged and summed up`() throws {
        let small = LossMap(
            size: ImageSize(height: 4, width: 5), values: [Float](repeating: 1, count: 20))
        let size = ImageSize(height: 40, width: 50)
        try asked(at: 40) { check in _ = try small.resized(to: size, check: check) }
        let large = try small.resized(to: size)
        try asked(at: 40) { check in
            _ = try LossMap.sum([(large, 1), (large, 2)], check: check)
        }
    }

    @Test func `features that are brought into the engine's order`() throws {
        let values = [Float](repeating: 1, count: 128 * 30 * 4)
        try asked(at: 60) { check in
            _ = try FeatureMap(channels: 128, height: 30, width: 4, values: values, check: check)
        }
    }

    @Test func `samples that are compared to find the way that suits them`() throws {
        let evaluator = LossEvaluator(extractor: Extractor(network: TestNetworks.vgg16))
        let loss = Loss(
            name: "x", summary: "", citation: "",
            terms: [
                Term(
                    "x", weight: 1,
                    .features(
                        FeatureMeasure([LayerWeight("relu1_1")], .gram(Gram(.none)), .squared)))
            ])
        let (output, target) = (
            TestNetworks.image(width: 4, height: 3200, seed: 1),
            TestNetworks.image(width: 4, height: 3200, seed: 2)
        )
        func count(_ precision: Precision?) throws -> Int {
            var count = 0
            _ = try Self.pool.runAndWait { team in
                try evaluator.evaluate(
                    [Pair(output: output, target: 0)], targets: [.image(target)], loss: loss,
                    precision: precision,
                    team: team.cancelled {
                        count += 1
                        return false
                    })
            }
            return count
        }
        // Rows are compared sixteen at a time.
        #expect(try count(nil) >= count(.plain) + 200)
    }
}
