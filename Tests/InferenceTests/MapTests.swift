import Codecs
import Foundation
import Inference
import TestSupport
import Testing

/// Maps of where two images differ.
struct MapTests {
    private static let pool = WorkerPool(workers: 2)
    private static let evaluator = Result {
        LossEvaluator(extractor: Extractor(network: try Fixtures.embedded.get()))
    }

    /// The first pair of Tests/Fixtures/presets.json, odd in both sides.
    private static func images() throws -> (output: Image, target: Image) {
        let fixtures = try PresetFixtures.all.get()
        let golden = try #require(fixtures.cases.first { $0.width == 61 && $0.height == 47 })
        let images = try fixtures.images(of: golden, at: fixtures.pairs[0])
        return (images.output, images.target)
    }

    private static func evaluate(
        _ loss: Loss, precision: Precision? = nil, maps: Set<MapPlace>, isStored: Bool = false
    ) throws -> (losses: PairLosses, maps: [MapPlace: LossMap]) {
        let (output, target) = try images()
        let pair = Pair(output: output, target: 0)
        let evaluator = try evaluator.get()
        return try pool.runAndWait { team in
            var known = Target.image(target)
            if isStored {
                let first = try evaluator.evaluate(
                    [pair], targets: [known], loss: loss, keeping: [0], precision: precision,
                    team: team)
                known = .statistics(try #require(first.statistics[0]))
            }
            let evaluation = try evaluator.evaluate(
                [pair], targets: [known], loss: loss, precision: precision, maps: maps, team: team)
            return (evaluation.losses[0], evaluation.maps[0])
        }
    }

    private static func loss(
        _ statistic: Statistic, _ distance: Distance, _ reduction: Reduction = .mean,
        learned: LearnedWeights? = nil
    ) -> Loss {
        let layers = learned == nil ? ["relu1_1", "pool2", "conv3_3"] : LearnedWeights.layers
        return Loss(
            name: "x", summary: "", citation: "", input: .torchvision,
            terms: [
                Term(
                    "x", weight: 1,
                    .features(
                        FeatureMeasure(
                            layers.map { LayerWeight($0) }, statistic, distance, reduction,
                            learned: learned)))
            ])
    }

    static let losses: [Loss] = [
        loss(.features, .l1), loss(.features, .squared, .sum),
        loss(.features(scale: 3, unit: nil), .smoothL1(beta: 0.7), Reduction(.sumOfChannels)),
        loss(.features, .charbonnier(eps: 0.01), Reduction(.mean, factor: 5, imagePower: 1)),
        loss(
            .features(scale: 1, unit: ChannelUnit(eps: 1e-10, isInsideRoot: false)), .squared,
            Reduction(.sumOfChannels), learned: .lpips),
    ]

    @Test(arguments: losses.indices)
    func `the mean of a layer's map is its loss, and asking for it changes no bit`(
        index: Int
    ) throws {
        let loss = Self.losses[index]
        let layers = try #require(loss.terms[0].features).layers.map(\.name)
        let places = Set(layers.map { MapPlace(term: 0, layer: $0) })
        for isStored in [false, true] {
            let plain = try Self.evaluate(loss, maps: [], isStored: isStored)
            let mapped = try Self.evaluate(loss, maps: places, isStored: isStored)
            #expect(plain.losses == mapped.losses && plain.maps.isEmpty)
            #expect(Set(mapped.maps.keys) == places)
            for layer in try #require(mapped.losses.terms[0].layers) {
                let map = try #require(mapped.maps[MapPlace(term: 0, layer: layer.name)])
                let mean = map.values.reduce(0) { $0 + Double($1) } / Double(map.values.count)
                #expect(abs(mean / layer.loss - 1) < 1e-6, "\(layer.name)")
            }
        }
    }

    @Test func `a map of the difference of nearly equal images is that of the images`() throws {
        let place = MapPlace(term: 0, layer: "pool2")
        let maps = try Precision.allCases.map { precision in
            try #require(
                Self.evaluate(Self.losses[0], precision: precision, maps: [place]).maps[place])
        }
        let most = maps[0].values.max() ?? 0
        #expect(zip(maps[0].values, maps[1].values).allSatisfy { abs($0 - $1) < 1e-5 * most })
    }

    /// lpips 0.1.4 with `spatial=True`, and the mean |difference| at pool2, in float64
    /// (Scripts/fixtures/maps.py).
    @Test func `agrees with the package lpips, and with float64`() throws {
        let bytes = [UInt8](
            try Data(contentsOf: Fixtures.directory.appending(path: "maps.safetensors")))
        let file = try SafetensorsFile.parse(bytes.span)
        func golden(_ name: String) throws -> [Float] {
            try Elements.float32(try #require(file[name]), of: bytes.span)
        }
        let lpips = Self.losses[4]
        let places = LearnedWeights.layers.map { MapPlace(term: 0, layer: $0) }
        let maps = try Self.evaluate(lpips, maps: Set(places)).maps
        let size = try Self.images().output.size
        let sum = try LossMap.sum(
            try places.map { (map: try #require(maps[$0]).resized(to: size), weight: 1) })
        try Self.expect(sum.values, toBe: golden("lpips"))
        let place = MapPlace(term: 0, layer: "pool2")
        let pool2 = try Self.evaluate(Self.losses[0], maps: [place]).maps[place]
        try Self.expect(try #require(pool2).values, toBe: golden("perceptual.pool2"))
    }

    private static func expect(_ values: [Float], toBe expected: [Float]) throws {
        try #require(values.count == expected.count)
        let most = expected.max() ?? 0
        for (value, expected) in zip(values, expected) {
            #expect(abs(value - expected) <= 1e-5 * most, "\(value), not \(expected)")
        }
    }

    @Test func `sums and ratios of all positions have no map`() {
        let none: [(Statistic, Distance)] = [
            (.features, .l2), (.features, .scaledSquared(eps: 1)), (.gram(Gram(.elements)), .l1),
            (.mean, .squared), (.jointMoments, .structural(c1: 1e-6, c2: 1e-6)),
        ]
        for (statistic, distance) in none {
            #expect(!FeatureMeasure([], statistic, distance).hasMap, "\(statistic) \(distance)")
        }
        #expect(Self.losses.allSatisfy { $0.terms[0].features?.hasMap == true })
    }
}
