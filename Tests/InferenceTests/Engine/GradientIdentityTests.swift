import Inference
import TestSupport
import Testing

/// What holds bit for bit of gradients.
struct GradientIdentityTests {
    private static let taps = ["relu1_2", "pool1", "conv2_2", "relu3_1"].compactMap { Tap($0) }
    private static let images = (0..<3).map {
        TestNetworks.image(width: 149, height: 27, seed: $0)
    }

    private static func gradients(
        _ images: [Image], workers: Int = 1, tilesPerStep: Int? = nil, factor: Float = 1,
        variant: NetworkVariant = NetworkVariant(.vgg16)
    ) throws -> [[Float]] {
        let extractor = Extractor(network: TestNetworks.vgg16, tilesPerStep: tilesPerStep)
        let pool = WorkerPool(workers: workers)
        defer { pool.stop() }
        let cotangents = try taps.map { tap in
            let noise = GradientTests.noise(tap, variant, height: 27, width: 149)
            let map = try FeatureMap(
                channels: noise.channels, height: noise.height, width: noise.width,
                values: noise.values.map { Float($0) * factor })
            return Cotangent(tap: tap, slopes: images.map { _ in [.given(map)] })
        }
        return try pool.runAndWait { team in
            let tape = try extractor.record(
                images: images, demands: taps.map { TapDemand(tap: $0) }, variant: variant,
                team: team
            ).tape
            return try extractor.gradients(tape, cotangents: cotangents, team: team)
                .map(\.values)
        }
    }

    @Test(arguments: [
        NetworkVariant(.vgg16), NetworkVariant(.vgg16, rounding: .ceil, padding: .reflect),
    ])
    func `workers, bands and the other images change no bit`(variant: NetworkVariant) throws {
        let alone = try Self.gradients([Self.images[0]], variant: variant)[0]
        for (workers, tilesPerStep) in [(2, nil), (3, 1), (2, 50), (1, 100_000)] as [(Int, Int?)] {
            let together = try Self.gradients(
                Self.images, workers: workers, tilesPerStep: tilesPerStep, variant: variant)
            #expect(together[0] == alone, "\(workers) workers, \(tilesPerStep ?? 0) tiles a step")
        }
    }

    @Test func `twice the cotangent is twice the gradient`() throws {
        let once = try Self.gradients([Self.images[0]])[0]
        let twice = try Self.gradients([Self.images[0]], factor: 2)[0]
        #expect(twice == once.map { 2 * $0 })
    }

    @Test func `no cotangent is no gradient`() throws {
        let gradient = try Self.gradients([Self.images[0]], factor: 0)[0]
        #expect(gradient.allSatisfy { $0 == 0 })
    }

    @Test func `recording changes no bit of what is demanded`() throws {
        let extractor = Extractor(network: TestNetworks.vgg16)
        let pool = WorkerPool(workers: 2)
        defer { pool.stop() }
        let wanted = SummaryDemand(0, .products)
        let demands = Self.taps.map {
            TapDemand(tap: $0, FeatureDemand(summaries: [wanted], maps: [0]))
        }
        let (plain, recorded) = try pool.runAndWait { team in
            (
                try extractor.run(images: [Self.images[0]], demands: demands, team: team),
                try extractor.record(images: [Self.images[0]], demands: demands, team: team).results
            )
        }
        for (one, other) in zip(plain, recorded) {
            #expect(one.maps[0]?.valuesCHW == other.maps[0]?.valuesCHW)
            #expect(one.summaries[wanted]?.sums == other.summaries[wanted]?.sums)
        }
    }
}
