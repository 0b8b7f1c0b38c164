import Inference
import TestSupport
import Testing

/// From sums to losses, without features: each statistic on numbers that a hand can check.
struct StatisticValueTests {
    // Two channels of four positions.
    private static let shape = FeatureShape(channels: 2, height: 2, width: 2)
    private static let kernels = Kernels(.portable)

    private func summary(
        _ kind: SummaryKind, means: [Double] = [], _ sums: [Double]
    ) -> Summary {
        Summary(kind: kind, shape: Self.shape, means: means, sums: sums)
    }

    private func loss(
        _ statistic: Statistic, _ a: Summary, _ b: Summary, _ distance: Distance = .squared,
        _ reduction: Reduction = .mean
    ) throws -> Double {
        try FeatureMeasure([LayerWeight("x")], statistic, distance, reduction)
            .loss(of: a, against: [(b, 1)], pixels: 100, kernels: Self.kernels)
    }

    // [[1, 2], [2, 4]] and [[0, 4], [4, 1]]: differences 1, −2, −2, 3.
    private static let grams: [(Gram, Double)] = [
        (Gram(.none), 4.5), (Gram(.positions), 4.5 / 16), (Gram(.elements), 4.5 / 64),
        (Gram(.constant(2)), 4.5 / 4), (Gram(.none, scale: 2), 4.5 * 16),
    ]

    @Test(arguments: grams)
    func `Gram matrices by their normaliser`(gram: Gram, expected: Double) throws {
        let (a, b) = (summary(.products, [1, 2, 4]), summary(.products, [0, 4, 1]))
        #expect(try loss(.gram(gram), a, b) == expected)
        #expect(try loss(.gram(gram), a, a) == 0)
    }

    private static let distances: [(Distance, Reduction, Double)] = [
        (.l1, .mean, 2), (.l1, .sum, 8), (.l1, Reduction(.sumOfChannels), 4),
        (.l2, .sum, 18.0.squareRoot()), (.scaledSquared(eps: 1), .sum, 2),
        (.squared, Reduction(.sum, factor: 0.5, imagePower: -1), 0.09),
    ]

    @Test(arguments: distances)
    func `distances and reductions of matrices`(
        distance: Distance, reduction: Reduction, expected: Double
    ) throws {
        let (a, b) = (summary(.products, [1, 2, 4]), summary(.products, [0, 4, 1]))
        let value = try loss(.gram(Gram(.none)), a, b, distance, reduction)
        #expect(abs(value - expected) < 1e-15)
    }

    @Test func `means, and deviations biased or not`() throws {
        let a = summary(.moments, means: [1, 2], [16, 4])
        let b = summary(.moments, means: [3, 2], [4, 36])
        #expect(try loss(.mean, a, b) == 2)
        // Deviations 2, 1 and 1, 3.
        #expect(try loss(.meanDeviation(eps: 0, isUnbiased: false), a, b) == 2 + 2.5)
        let unbiased = try loss(.meanDeviation(eps: 0, isUnbiased: true), a, b)
        #expect(abs(unbiased - (2 + 2.5 * 4 / 3)) < 1e-14)
        let withEps = try loss(.meanDeviation(eps: 5, isUnbiased: false), a, b)
        let deviations = [9.0, 6, 6, 14].map { $0.squareRoot() }
        let (x, y) = (deviations[0] - deviations[2], deviations[1] - deviations[3])
        #expect(abs(withEps - (2 + (x * x + y * y) / 2)) < 1e-14)
    }

    @Test func `patches are matrices of their own`() throws {
        let kind = SummaryKind.patchProducts(side: 1)
        let a = summary(kind, [1, 2, 4, 0, 0, 0]), b = summary(kind, [0, 4, 1, 0, 1, 0])
        #expect(try loss(.gram(Gram(.none, patch: 1)), a, b) == 2.5)
        // A sum over channels is divided by rows of all patches.
        #expect(
            try loss(.gram(Gram(.none, patch: 1)), a, b, .squared, Reduction(.sumOfChannels)) == 5)
    }

    // With weights that add up to 1 the statistic of a blend is the blend of statistics.
    @Test func `several targets are blended before they are compared`() throws {
        let measure = FeatureMeasure([LayerWeight("x")], .gram(Gram(.none)), .l1, .sum)
        let subject = summary(.products, [1, 2, 4])
        let targets = [summary(.products, [0, 4, 1]), summary(.products, [4, 0, 5])]
        let value = try measure.loss(
            of: subject, against: [(targets[0], 0.25), (targets[1], 0.75)], pixels: 1,
            kernels: Self.kernels)
        // [[3, 1], [1, 4]]: differences −2, 1, 1, 0.
        #expect(value == 4)
        let moments = [
            summary(.moments, means: [0, 0], [4, 4]), summary(.moments, means: [4, 8], [16, 36]),
        ]
        let blended = try FeatureMeasure(
            [LayerWeight("x")], .meanDeviation(eps: 0, isUnbiased: false), .squared, .sum
        )
        .loss(
            of: summary(.moments, means: [2, 4], [4, 4]),
            against: [(moments[0], 0.5), (moments[1], 0.5)], pixels: 1, kernels: Self.kernels)
        // Means 2, 4 and deviations (1 + 2)/2, (1 + 3)/2 against 1, 1.
        #expect(blended == 0.25 + 1)
    }

    @Test func `the change of products is their difference`() throws {
        let measure = FeatureMeasure([LayerWeight("x")], .gram(Gram(.elements)), .l1)
        let (a, b) = (summary(.products, [1, 2, 4]), summary(.products, [0, 4, 1]))
        let change = summary(.products, [1, -2, 3])
        #expect(
            try measure.loss(ofChange: change, pixels: 1)
                == measure.loss(of: a, against: [(b, 1)], pixels: 1, kernels: Self.kernels))
    }

    @Test func `pairs of features by the sums of their rules`() {
        let measure = FeatureMeasure(
            [LayerWeight("x")], .features(scale: 3, unit: nil), .smoothL1(beta: 0.5))
        #expect(measure.pairRules(at: "relu1_2") == [PairRule(.smoothL1(beta: 0.5 / 3))])
        #expect(measure.loss(ofPairs: [16], Self.shape, pixels: 1) == 3 * 16 / 8)
        let unit = ChannelUnit(eps: 1e-8, isInsideRoot: true)
        let lengths = FeatureMeasure(
            [LayerWeight("x")], .features(scale: 1, unit: unit), .squared,
            Reduction(.sumOfChannels))
        #expect(lengths.pairRules(at: "relu1_2") == [PairRule(.squared, unit: unit)])
        #expect(lengths.loss(ofPairs: [16], Self.shape, pixels: 1) == 4)
    }
}
