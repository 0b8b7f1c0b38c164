import Inference
import TestSupport
import Testing

/// The engine against direct loops in double precision (TestSupport/ReferenceLayers).
struct ExtractorTests {
    static let instructionSets = InstructionSet.allCases.filter(\.isSupported)
    static let pool = WorkerPool(workers: 2)

    // Sides around the 4 × 4 tile, the 6 × 6 input tile, blocks of 14 tiles, odd pools, and widths whose
    // columns two workers share.
    static let sizes = [
        (1, 1), (1, 7), (2, 3), (3, 2), (4, 4), (5, 4), (6, 9), (7, 1), (8, 8), (9, 13), (11, 57),
        (14, 15), (17, 6), (31, 5), (2, 128), (3, 131), (5, 255),
    ]

    @Test(arguments: sizes, instructionSets)
    func `features equal direct convolution at every side of a tile`(
        size: (height: Int, width: Int), instructionSet: InstructionSet
    ) throws {
        let taps = ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1"]
            .compactMap { Tap($0) }
            .filter { min(size.height, size.width) >= NetworkVariant(.vgg16).minimumSide(for: $0) }
        try expectFeatures(
            of: TestNetworks.image(width: size.width, height: size.height), at: taps,
            instructionSet, within: 5e-6)
    }

    @Test(arguments: instructionSets)
    func `features equal direct convolution at every tap of both networks`(
        instructionSet: InstructionSet
    ) throws {
        for architecture in Architecture.allCases {
            let network = TestNetworks.generated(architecture, seed: 3)
            try expectFeatures(
                of: TestNetworks.image(width: 35, height: 33), at: VGG.taps(architecture),
                instructionSet, network: network, within: 1e-5)
        }
    }

    private func expectFeatures(
        of image: Image, at taps: [Tap], _ instructionSet: InstructionSet,
        network: Network = TestNetworks.vgg16, within tolerance: Double
    ) throws {
        let reference = ReferenceLayers.walk(image, through: network, taps: Set(taps))
        let extractor = Extractor(network: network, instructionSet: instructionSet)
        let results = try Self.pool.runAndWait {
            try extractor.run(
                images: [image], demands: taps.map { TapDemand(tap: $0, FeatureDemand(maps: [0])) },
                team: $0)
        }
        for (tap, result) in zip(taps, results) {
            let values = try #require(result.maps[0]).valuesCHW.map(Double.init)
            let closeness = Closeness(values, to: reference[tap]?.values ?? [])
            #expect(closeness.relative < tolerance, "\(tap) \(instructionSet): \(closeness)")
        }
    }

    @Test(arguments: GramKind.allCases, instructionSets)
    func `Gram matrices equal sums in double precision`(
        kind: GramKind, instructionSet: InstructionSet
    ) throws {
        // 700 columns are more than one run of pixels, 129 channels blocks are three pairs.
        for (name, height, width) in [("relu1_1", 5, 700), ("pool1", 9, 31), ("conv2_1", 6, 50)] {
            let tap = try #require(Tap(name))
            let image = TestNetworks.image(width: width, height: height)
            let walk = ReferenceLayers.walk(image, through: TestNetworks.vgg16, taps: [tap])
            let features = try #require(walk[tap])
            let extractor = Extractor(
                network: TestNetworks.vgg16, instructionSet: instructionSet)
            let wanted = SummaryDemand(0, Gram(kind).summaryKind)
            let demand = TapDemand(tap: tap, FeatureDemand(summaries: [wanted]))
            let result = try Self.pool.runAndWait {
                try extractor.run(images: [image], demands: [demand], team: $0)
            }
            let closeness = Closeness(
                GramMatrix(Gram(kind), try #require(result[0].summaries[wanted])).values,
                to: ReferenceLosses.gram(features, kind))
            #expect(closeness.relative < 2e-6, "\(name) \(kind) \(instructionSet): \(closeness)")
        }
    }
}

extension FeatureMap {
    /// All values as (C, H, W).
    var valuesCHW: [Float] {
        let count = channels * height * width
        return [Float](unsafeUninitializedCapacity: count) { values, initializedCount in
            copyCHW(into: UnsafeMutableBufferPointer(rebasing: values[..<count]), check: {})
            initializedCount = count
        }
    }
}
