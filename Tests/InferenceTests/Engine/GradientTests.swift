import Inference
import TestSupport
import Testing

/// The way back through the network against its slow twin.
struct GradientTests {
    private static let pool = WorkerPool(workers: 2)

    /// Values of noise in [−1, 1) for the features at a tap.
    static func noise(
        _ tap: Tap, _ variant: NetworkVariant, height: Int, width: Int, seed: Int = 0
    ) -> ReferenceFeatures {
        let shape = variant.shape(of: tap, height: height, width: width)
        let bytes = TestNetworks.noise(
            count: shape.channels * shape.height * shape.width,
            seed: seed + 1000 * tap.block + 10 * tap.index + tap.kind.rawValue.utf8.count)
        return ReferenceFeatures(
            channels: shape.channels, height: shape.height, width: shape.width,
            values: bytes.map { Double($0) / 128 - 1 })
    }

    /// The engine's gradient as RGB planes, with the tape of its decisions.
    static func gradient(
        _ image: Image, _ cotangents: [Tap: ReferenceFeatures], _ extractor: Extractor,
        _ variant: NetworkVariant, tape recorded: Tape? = nil
    ) throws -> (values: [Double], tape: Tape) {
        let sorted = cotangents.sorted { $0.key.description < $1.key.description }
        return try pool.runAndWait { team in
            let tape =
                try recorded
                ?? extractor.record(
                    images: [image], demands: sorted.map { TapDemand(tap: $0.key) },
                    variant: variant, team: team
                ).tape
            let gradient = try extractor.gradients(
                tape,
                cotangents: try sorted.map { tap, values in
                    try Cotangent(
                        tap: tap,
                        slopes: [
                            [
                                .given(
                                    FeatureMap(
                                        channels: values.channels, height: values.height,
                                        width: values.width,
                                        values: values.values.map(Float.init)))
                            ]
                        ])
                }, team: team)[0]
            var planes: [Double] = []
            for c in 0..<3 {
                planes += stride(from: c, to: gradient.values.count, by: 3)
                    .map { Double(gradient.values[$0]) }
            }
            return (planes, tape)
        }
    }

    /// ‖a − b‖ / ‖b‖
    static func error(_ values: [Double], _ reference: [Double]) -> Double {
        guard values.count == reference.count else { return .infinity }
        let difference = zip(values, reference).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (difference / reference.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }

    @Test(arguments: ExtractorTests.sizes, ExtractorTests.instructionSets)
    func `the way back equals direct loops at every side of a tile`(
        size: (height: Int, width: Int), instructionSet: InstructionSet
    ) throws {
        let variant = NetworkVariant(.vgg16)
        let image = TestNetworks.image(width: size.width, height: size.height)
        let extractor = Extractor(network: TestNetworks.vgg16, instructionSet: instructionSet)
        for name in ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_2"] {
            guard let tap = Tap(name),
                min(size.height, size.width) >= variant.minimumSide(for: tap)
            else { continue }
            let noise = [tap: Self.noise(tap, variant, height: size.height, width: size.width)]
            let (values, tape) = try Self.gradient(image, noise, extractor, variant)
            let reference = ReferenceGradients(
                image, network: extractor.network, variant: variant, through: tap
            ).gradient(noise, tape: tape)
            let error = Self.error(values, reference.values)
            #expect(error < 1e-5, "\(tap) \(size): \(error)")
        }
    }

    @Test(arguments: Architecture.allCases, ExtractorTests.instructionSets)
    func `the linear part of the way back is good to 1e-5`(
        architecture: Architecture, instructionSet: InstructionSet
    ) throws {
        let (height, width) = (33, 35)
        let network = TestNetworks.generated(architecture, seed: 3)
        let image = TestNetworks.image(width: width, height: height)
        let extractor = Extractor(network: network, instructionSet: instructionSet)
        let variant = network.defaultVariant
        let reference = ReferenceGradients(
            image, network: network, variant: variant, through: try #require(Tap("pool5")))
        // One tape with the decisions of every tap.
        let all = Dictionary(
            uniqueKeysWithValues: variant.taps.map {
                ($0, Self.noise($0, variant, height: height, width: width))
            })
        let (sum, tape) = try Self.gradient(image, all, extractor, variant)
        let error = Self.error(sum, reference.gradient(all, tape: tape).values)
        #expect(error < 1e-5, "all taps: \(error)")
    }

    @Test(arguments: Architecture.allCases)
    func `the linear part from each tap by itself is good to 1e-5`(
        architecture: Architecture
    ) throws {
        let (height, width) = (33, 35)
        let network = TestNetworks.generated(architecture, seed: 3)
        let image = TestNetworks.image(width: width, height: height)
        let variant = network.defaultVariant
        let reference = ReferenceGradients(
            image, network: network, variant: variant, through: try #require(Tap("pool5")))
        let noise = { (tap: Tap) in
            [tap: Self.noise(tap, variant, height: height, width: width)]
        }
        // The decisions of one instruction set for all of them.
        let all = variant.taps.reduce(into: [:]) { $0.merge(noise($1)) { first, _ in first } }
        let tape = try Self.gradient(image, all, Extractor(network: network), variant).tape
        let extractors = ExtractorTests.instructionSets.map {
            Extractor(network: network, instructionSet: $0)
        }
        for tap in variant.taps {
            let expected = reference.gradient(noise(tap), tape: tape).values
            for extractor in extractors {
                let values = try Self.gradient(image, noise(tap), extractor, variant, tape: tape)
                let error = Self.error(values.values, expected)
                #expect(error < 1e-5, "\(tap) \(extractor.instructionSet): \(error)")
            }
        }
    }

    @Test func `it ends between two of its steps once nobody waits for it`() throws {
        let extractor = Extractor(network: TestNetworks.vgg16)
        let image = TestNetworks.image(width: 40, height: 90)
        let tap = try #require(Tap("pool3"))
        let shape = NetworkVariant(.vgg16).shape(of: tap, height: 90, width: 40)
        let map = try FeatureMap(
            channels: shape.channels, height: shape.height, width: shape.width,
            values: [Float](repeating: 1, count: shape.channels * shape.height * shape.width))
        let cotangents = [Cotangent(tap: tap, slopes: [[.given(map)]])]
        try Self.pool.runAndWait { team in
            let tape = try extractor.record(
                images: [image], demands: [TapDemand(tap: tap)], team: team
            ).tape
            var asked = 0
            _ = try extractor.gradients(
                tape, cotangents: cotangents,
                team: team.cancelled {
                    asked += 1
                    return false
                })
            let all = asked
            #expect(all >= 2 * tape.convolutions)
            for limit in [0, 1, all / 2, all - 1] {
                asked = 0
                #expect(throws: InferenceError.cancelled) {
                    _ = try extractor.gradients(
                        tape, cotangents: cotangents,
                        team: team.cancelled {
                            asked += 1
                            return asked > limit
                        })
                }
                #expect(asked == limit + 1)
            }
        }
    }

    @Test(arguments: VariantTests.variants)
    func `the way back through every variant equals direct loops`(variant: NetworkVariant) throws {
        let extractor = Extractor(network: TestNetworks.vgg16)
        for (height, width) in [(5, 7), (12, 9), (9, 133)] {
            let image = TestNetworks.image(width: width, height: height)
            for names in [["relu1_1"], ["relu1_2", "pool1"], ["conv2_2", "pool2"], ["relu3_1"]] {
                let taps = names.compactMap { Tap($0) }
                guard let tap = taps.last, min(height, width) >= variant.minimumSide(for: tap)
                else { continue }
                let noise = Dictionary(
                    uniqueKeysWithValues: taps.map {
                        ($0, Self.noise($0, variant, height: height, width: width))
                    })
                let (values, tape) = try Self.gradient(image, noise, extractor, variant)
                let reference = ReferenceGradients(
                    image, network: extractor.network, variant: variant, through: tap
                ).gradient(noise, tape: tape)
                let error = Self.error(values, reference.values)
                #expect(error < 1e-5, "\(names) \(height)x\(width): \(error)")
            }
        }
    }
}
