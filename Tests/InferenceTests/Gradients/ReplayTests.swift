import Inference
import TestSupport
import Testing

/// The way back of what is walked again against the way back of what is kept.
struct ReplayTests {
    private static let extractor = Extractor(network: TestNetworks.vgg16)
    private static let layers = ["relu1_2", "pool1", "conv2_2", "relu2_2", "relu3_1", "pool3"]
        .map { LayerWeight($0) }

    /// Losses of every kind of tap, statistic and pool.
    private static let losses: [Loss] = {
        let style = Term(
            "style", weight: 1e4, .features(FeatureMeasure(layers, .gram(Gram(.elements)), .l1)))
        let networks: [LossNetwork] = [
            LossNetwork(), LossNetwork(rounding: .ceil, padding: .reflect),
            LossNetwork(pooling: .average(scale: 2), rounding: .same, padding: .replicateFirst),
            LossNetwork(pooling: .l2(scale: 0.78)), LossNetwork(pooling: .l2Hann),
            LossNetwork(pooling: .l2Hann, padding: .reflect),
        ]
        return networks.enumerated().map { number, network in
            // Of absolute values signs are kept, for others the target is walked again.
            let content = Term(
                "content", weight: 2,
                .features(
                    FeatureMeasure(layers, .features, number % 2 == 0 ? .squared : .l1)))
            return Loss(
                name: "\(network)", summary: "", citation: "", network: network,
                terms: [style, content])
        }
    }()

    private struct Case {
        let pair: Pair
        let targets: [Target]
        let loss: Loss

        func gradients(keptBytesMax: Int, workers: Int) throws -> GradientEvaluation {
            let pool = WorkerPool(workers: workers)
            defer { pool.stop() }
            let evaluator = LossEvaluator(extractor: extractor, keptBytesMax: keptBytesMax)
            let groups = [Set(loss.terms.indices)] + loss.terms.indices.map { [$0] }
            return try pool.runAndWait { team in
                try evaluator.gradients(
                    [pair], targets: targets, loss: loss, of: groups, team: team)
            }
        }

        /// What is kept when nothing has to be walked again.
        func bytes() throws -> Int {
            try LossEvaluator(extractor: extractor, keptBytesMax: .max).estimateGradientBytes(
                pairs: [pair.shape], targets: targets.map { TargetShape(size: $0.size) },
                loss: loss, count: 0, workers: 2)
        }

        func expectEqual() throws {
            let kept = try gradients(keptBytesMax: .max, workers: 2)
            let bytes = try bytes()
            for (part, workers) in [(0.0, 1), (0, 2), (0.4, 2), (0.7, 1), (0.9, 2)] {
                let replayed = try gradients(
                    keptBytesMax: Int(part * Double(bytes)), workers: workers)
                #expect(replayed.evaluation.losses == kept.evaluation.losses)
                for (one, other) in zip(replayed.gradients, kept.gradients) {
                    let isEqual = one[0].values == other[0].values
                    #expect(isEqual, "\(loss.name), \(part) kept, \(workers) workers")
                }
            }
        }
    }

    @Test(arguments: losses.indices, [(37, 51), (27, 149), (64, 40)])
    func `what is walked again gives the same bits`(
        number: Int, size: (height: Int, width: Int)
    ) throws {
        let images = (0..<2).map {
            TestNetworks.image(width: size.width, height: size.height, seed: $0)
        }
        try Case(
            pair: Pair(output: images[0], target: 0), targets: [.image(images[1])],
            loss: Self.losses[number]
        ).expectEqual()
    }

    @Test func `composites, several targets and patches are walked again`() throws {
        let (height, width) = (48, 70)
        let images = (0..<3).map { TestNetworks.image(width: width, height: height, seed: $0) }
        let small = TestNetworks.image(width: 41, height: 33, seed: 9)
        let hole = Image(
            width: width, height: height, channels: 1,
            uint8: (0..<width * height).map { $0 % 70 < 31 && $0 / 70 > 20 ? 0 : 255 })
        var loss = try #require(Presets.named("pconv"))
        try Case(
            pair: Pair(
                output: images[0], target: 0, mask: Mask(hole, polarity: .valid)),
            targets: [.image(images[1])], loss: loss
        ).expectEqual()
        var choice = TargetChoice(pixels: nil, perceptual: 0, style: [])
        choice.style = [
            TargetChoice.Blend(target: 1, weight: 0.25),
            TargetChoice.Blend(target: 2, weight: 0.75),
        ]
        loss = Self.losses[0]
        try Case(
            pair: Pair(output: images[0], targets: choice),
            targets: [.image(images[1]), .image(images[2]), .image(small)], loss: loss
        ).expectEqual()
        loss.terms[0] = Term(
            "style", weight: 1,
            .features(
                FeatureMeasure(
                    [LayerWeight("relu1_2"), LayerWeight("relu2_1")],
                    .gram(Gram(.positions, patch: 8)), .squared)))
        try Case(
            pair: Pair(output: images[0], target: 0), targets: [.image(images[1])], loss: loss
        ).expectEqual()
    }

    @Test(arguments: [Int.max, 0])
    func `of a target that is known in part the rest is walked`(keptBytesMax: Int) throws {
        let images = (0..<2).map { TestNetworks.image(width: 52, height: 39, seed: $0) }
        let pair = Pair(output: images[0], target: 0)
        var style = Self.losses[0]
        style.terms.removeLast()
        let pool = WorkerPool(workers: 2)
        defer { pool.stop() }
        let first = try pool.runAndWait { team in
            try LossEvaluator(extractor: Self.extractor).evaluate(
                [pair], targets: [.image(images[1])], loss: style, keeping: [0],
                precision: .plain, team: team)
        }
        let known = Target.statistics(try #require(first.statistics[0]))
        let answers = try [Target.image(images[1]), known].map { target in
            try Case(pair: pair, targets: [target], loss: Self.losses[0]).gradients(
                keptBytesMax: keptBytesMax, workers: 2)
        }
        #expect(answers[0].evaluation.losses == answers[1].evaluation.losses)
        let isEqual = answers[0].gradients[0][0].values == answers[1].gradients[0][0].values
        #expect(isEqual)
    }

    @Test(arguments: [1 << 40, 48 << 20, 0])
    func `the estimate is what is allocated`(keptBytesMax: Int) throws {
        let extractor = Extractor(
            network: TestNetworks.vgg16, buffers: BufferPool(retainedBytesMax: .max))
        let evaluator = LossEvaluator(extractor: extractor, keptBytesMax: keptBytesMax)
        let images = (0..<2).map { TestNetworks.image(width: 320, height: 288, seed: $0) }
        let loss = Self.losses[0]
        let pairs = [Pair(output: images[0], target: 0)]
        let estimate = try evaluator.estimateGradientBytes(
            pairs: pairs.map(\.shape), targets: [TargetShape(size: images[1].size)], loss: loss,
            count: 1, workers: 1)
        let pool = WorkerPool(workers: 1)
        defer { pool.stop() }
        _ = try pool.runAndWait { team in
            try evaluator.gradients(
                pairs, targets: images[1...].map(Target.image), loss: loss,
                of: [Set(loss.terms.indices)], team: team)
        }
        // Rows, tape and kernels; the sums at the image and the features of the target have memory of
        // their own.
        let allocated = extractor.buffers.idleBytes + extractor.kernelBytes
        #expect(estimate >= allocated)
        #expect(Double(estimate) <= 1.3 * Double(allocated) + Double(64 << 20))
    }
}
