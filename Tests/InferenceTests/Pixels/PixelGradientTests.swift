import Inference
import TestSupport
import Testing

/// The gradients of all terms of pixels against what they rise by along some directions.
struct PixelGradientTests {
    private static let workers = WorkerPool(workers: 2)
    private static let evaluator = LossEvaluator(extractor: Extractor(network: TestNetworks.vgg16))
    private static let (width, height) = (7, 5)
    private static let count = 3 * width * height
    private static let input = Preprocessing(
        name: "custom", isBGR: true, scale: 255, mean: [103, 116, 123], std: [50, 60, 70])

    // Neighbours differ by odd multiples of 1/32 and both images by odd multiples of 1/64, and composites
    // by multiples of 1/512 that are neither 0 nor β: no kink lies where the directions go.
    private static let output = (0..<count).map { i in
        let (pixel, c) = i.quotientAndRemainder(dividingBy: 3)
        let parity = (pixel % width + pixel / width + c) % 2
        return Float(2 * (5 + (i * 7 + i / 5) % 9) + parity) / 32
    }
    private static let target = zip(output, TestNetworks.noise(count: count, seed: 5)).map {
        $0 + Float(2 * Int($1 % 8) - 7) / 64
    }
    /// Whole pixels, also a corner that is far from any hole, parts of pixels and none.
    private static let mask = (0..<count).map { i -> Float in
        let (y, x) = (i / 3).quotientAndRemainder(dividingBy: width)
        return x < 3 && y < 3 ? 1 : [0, 0.125, 1][(x + 2 * y) % 3]
    }

    private static func image(_ values: [Float]) -> Image {
        Image(
            width: width, height: height, channels: 3, float32: values, range: .zeroToOne)
    }

    private func check(_ measure: Measure, _ subject: Subject) throws {
        let loss = Loss(
            name: "x", summary: "", citation: "", input: Self.input,
            terms: [Term("x", weight: 2, subject: subject, measure)])
        let mask = try #require(Mask(Self.image(Self.mask), polarity: .valid))
        let target = Self.image(Self.target)
        func pair(_ output: [Float]) -> Pair {
            Pair(output: Self.image(output), target: 0, mask: mask)
        }
        let gradient = try Self.workers.runAndWait { team in
            try Self.evaluator.gradients(
                [pair(Self.output)], targets: [.image(target)], loss: loss, of: [[0]], team: team
            ).gradients[0][0].values
        }
        for seed in 1...3 {
            let direction = TestNetworks.noise(count: Self.count, seed: seed).map {
                Float($0 % 3) - 1
            }
            func value(_ step: Float) throws -> Double {
                let moved = zip(Self.output, direction).map { $0 + step * $1 }
                let values = try PixelLosses(
                    loss, pair(moved), target: target, input: Self.input
                ).values
                return 2 * (try #require(values[0]))
            }
            // Of the fourth order; the step is exact in single precision.
            let step: Float = 0x1p-14
            let near = try value(step) - value(-step)
            let far = try value(2 * step) - value(-2 * step)
            let risen = (8 * near - far) / (12 * Double(step))
            let slope = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            let size = zip(gradient, direction).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
            #expect(
                abs(slope - risen) <= 1e-5 * max(size, 1e-9),
                "\(measure) \(subject): \(slope), not \(risen)")
        }
    }

    private static let distances: [Distance] = [
        .l1, .squared, .l2, .smoothL1(beta: 0.25), .charbonnier(eps: 1e-3),
        .scaledSquared(eps: 0.01),
    ]

    @Test(arguments: distances, [Subject.output, .composite])
    func `distances by region, divisor, unit and reduction`(
        distance: Distance, subject: Subject
    ) throws {
        for region in PixelRegion.allCases {
            for divisor in PixelRegion.allCases {
                for unit in PixelUnit.allCases {
                    for reduction in [Reduction.mean, .sum] {
                        try check(
                            .pixels(
                                PixelMeasure(
                                    distance, region: region, divisor: divisor,
                                    reduction: reduction, unit: unit)), subject)
                    }
                }
            }
        }
    }

    @Test(arguments: [Subject.output, .composite], [false, true])
    func `total variation of every kind`(subject: Subject, isInHole: Bool) throws {
        let kinds =
            Self.distances.map(VariationMeasure.Kind.neighbours)
            + [0.5, 1, 1.25].map { .gradient(power: $0) } + [.ninePoint]
        for kind in kinds {
            for unit in PixelUnit.allCases {
                for reduction in [Reduction.mean, .sum] {
                    try check(
                        .variation(
                            VariationMeasure(
                                kind, reduction: reduction, isInHole: isInHole, unit: unit)),
                        subject)
                }
            }
        }
    }

    @Test(arguments: [0.0, 1e-6, 0.1])
    func `structure of both images`(eps: Double) throws {
        for subject in [Subject.output, .composite] {
            try check(
                .pixels(PixelMeasure(.structural(c1: eps, c2: eps), reduction: .sum)), subject)
        }
    }
}
