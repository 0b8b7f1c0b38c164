import Inference
import TestSupport
import Testing

/// Pools, roundings and paddings against direct loops in double precision.
struct VariantTests {
    private static let pool = WorkerPool(workers: 2)

    static let poolings: [NetworkVariant.Pooling] = [
        .max, .average(scale: 1), .average(scale: 2), .l2(scale: 0.78), .l2Hann,
    ]
    static let variants = poolings.flatMap { pooling in
        NetworkVariant.Rounding.allCases.flatMap { rounding in
            NetworkVariant.Padding.allCases.map { padding in
                NetworkVariant(.vgg16, pooling: pooling, rounding: rounding, padding: padding)
            }
        }
    }

    // Odd and even sides, one tile and several, and columns that two workers share.
    @Test(arguments: variants, ExtractorTests.instructionSets)
    func `features of every variant equal direct loops`(
        variant: NetworkVariant, instructionSet: InstructionSet
    ) throws {
        let taps = ["conv1_1", "relu1_2", "pool1", "relu2_1", "pool2"].compactMap { Tap($0) }
        for (height, width) in [(4, 4), (5, 7), (9, 8), (13, 18), (7, 133)] {
            try expectFeatures(height, width, taps, variant, instructionSet)
        }
    }

    @Test(arguments: [
        NetworkVariant(.vgg16, pooling: .average(scale: 1), rounding: .ceil, padding: .reflect),
        NetworkVariant(.vgg16, pooling: .l2Hann, padding: .replicateFirst),
        NetworkVariant(.vgg16, pooling: .max, rounding: .ceil),
    ])
    func `features of a variant equal direct loops at every tap`(variant: NetworkVariant) throws {
        try expectFeatures(35, 33, variant.taps, variant, .best)
    }

    private func expectFeatures(
        _ height: Int, _ width: Int, _ taps: [Tap], _ variant: NetworkVariant,
        _ instructionSet: InstructionSet
    ) throws {
        let image = TestNetworks.image(width: width, height: height)
        let network = TestNetworks.vgg16
        let reference = ReferenceLayers.walk(
            image, through: network, taps: Set(taps), variant: variant)
        let extractor = Extractor(network: network, instructionSet: instructionSet)
        let results = try Self.pool.runAndWait {
            try extractor.run(
                images: [image], demands: taps.map { TapDemand(tap: $0, FeatureDemand(maps: [0])) },
                variant: variant, team: $0)
        }
        for (tap, result) in zip(taps, results) {
            let shape = variant.shape(of: tap, height: height, width: width)
            #expect((result.shape.channels, result.shape.height, result.shape.width) == shape)
            let values = try #require(result.maps[0]).valuesCHW.map(Double.init)
            let closeness = Closeness(values, to: reference[tap]?.values ?? [])
            #expect(closeness.relative < 1e-5, "\(tap) \(height)x\(width): \(closeness)")
        }
    }

    @Test(arguments: variants.filter { $0.rounding == .ceil })
    func `bands, workers and a stack change no bit of a variant`(variant: NetworkVariant) throws {
        let taps = ["relu1_2", "pool1", "pool2"].compactMap { Tap($0) }
        let images = (0..<3).map { TestNetworks.image(width: 141, height: 37, seed: $0) }
        let wanted = SummaryDemand(0, .products)
        let demand = FeatureDemand(summaries: [wanted], maps: [0])
        let answers = try [(1, 1, nil), (2, 3, 1), (3, 2, 90)].map {
            (workers: Int, count: Int, tilesPerStep: Int?) in
            let pool = WorkerPool(workers: workers)
            defer { pool.stop() }
            let extractor = Extractor(network: TestNetworks.vgg16, tilesPerStep: tilesPerStep)
            let results = try pool.runAndWait {
                try extractor.run(
                    images: Array(images[..<count]),
                    demands: taps.map { TapDemand(tap: $0, demand) },
                    variant: variant, team: $0)
            }
            return results.map { ($0.maps[0]?.valuesCHW, $0.summaries[wanted]?.sums) }
        }
        for answer in answers.dropFirst() {
            for (one, other) in zip(answers[0], answer) {
                #expect(one.0 == other.0)
                #expect(one.1 == other.1)
            }
        }
    }

    @Test(arguments: [
        (NetworkVariant(.vgg16), "pool5", 32), (NetworkVariant(.vgg16), "relu5_1", 16),
        (NetworkVariant(.vgg16, rounding: .ceil), "pool5", 1),
        (NetworkVariant(.vgg16, padding: .reflect), "relu1_1", 2),
        (NetworkVariant(.vgg16, padding: .reflect), "relu3_1", 8),
        (NetworkVariant(.vgg16, rounding: .ceil, padding: .reflect), "relu3_1", 5),
        (NetworkVariant(.vgg16, pooling: .l2Hann), "relu3_1", 1),
    ])
    func `the least side is where every layer has a position and a border its pixel`(
        variant: NetworkVariant, name: String, side: Int
    ) throws {
        let tap = try #require(Tap(name))
        #expect(variant.minimumSide(for: tap) == side)
        #expect(variant.shape(of: tap, height: side, width: side).height >= 1)
        guard side > 1 else { return }
        let image = TestNetworks.image(width: 64, height: side - 1)
        #expect(throws: InferenceError.imageTooSmall(minimum: side, tap: name)) {
            try Self.pool.runAndWait {
                try Extractor(network: TestNetworks.vgg16).run(
                    images: [image], demands: [TapDemand(tap: tap)], variant: variant, team: $0)
            }
        }
    }
}
