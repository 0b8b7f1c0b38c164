import Codecs
import Foundation
import Inference
import TestSupport
import Testing

/// Gradients against PyTorch's autograd in float64 (Scripts/fixtures/gradients.py).
struct GoldenGradientTests {
    private static let pool = WorkerPool(workers: 2)
    private static let goldens = Result<GoldenGradients, any Error> { try GoldenGradients() }
    private static let embedded = Result { Extractor(network: try Fixtures.embedded.get()) }
    // A maximum that two pixels share but for the seventh digit goes to the other one here; and where
    // a composite's features equal its target's, the rounding of a tile that sees the hole has a sign.
    // DISTS divides by small variances: in float64, noise of 6e-7 of the rms of each convolution's output,
    // what the tile domain has, moves its gradient by 0.9e-4 to 1.8e-4, and 1e-7 by 1.5e-5 to 3e-5, as
    // PyTorch's float32 (1.4e-5).
    private static let bounds = [
        "crop-37x51-output 15": 1e-2, "pconv saturated": 1e-2, "preset pconv": 2e-5,
        "preset dists": 2e-4,
    ]
    private static let generated = Extractor(network: TestNetworks.generated(.vgg19, seed: 4000))

    @Test(arguments: try goldens.get().cases.filter { $0.tap != nil })
    func `a vector–Jacobian product agrees with float64`(golden: GoldenGradient) throws {
        let extractor =
            golden.network == "embedded" ? try Self.embedded.get() : Self.generated
        let variant = try #require(golden.variant?.variant(extractor.network.architecture))
        let tap = try #require(golden.tap.flatMap { Tap($0) })
        let image = try Fixtures.image(#require(golden.image))
        let shape = variant.shape(of: tap, height: image.height, width: image.width)
        let table = GeneratedWeights.table(seed: UInt64(try #require(golden.seed)))
        let cotangent = try FeatureMap(
            channels: shape.channels, height: shape.height, width: shape.width,
            values: (0..<shape.channels * shape.height * shape.width).map {
                Float(table[$0 % table.count])
            })
        let gradient = try Self.pool.runAndWait { team in
            let tape = try extractor.record(
                images: [image], demands: [TapDemand(tap: tap)], variant: variant, team: team
            ).tape
            return try extractor.gradients(
                tape, cotangents: [Cotangent(tap: tap, slopes: [[.given(cotangent)]])], team: team
            )[0]
        }
        try expect(gradient, golden)
    }

    @Test(arguments: try goldens.get().cases.filter { $0.output != nil })
    func `the gradient of pconv agrees with float64`(golden: GoldenGradient) throws {
        let evaluator = LossEvaluator(extractor: try Self.embedded.get())
        let loss = try #require(Presets.named("pconv"))
        let pair = Pair(
            output: try Fixtures.image(#require(golden.output)), target: 0,
            mask: try golden.mask.flatMap { Mask(try Fixtures.image($0), polarity: .valid) })
        let target = Target.image(try Fixtures.image(#require(golden.target)))
        let answer = try Self.pool.runAndWait { team in
            try evaluator.gradients(
                [pair], targets: [target], loss: loss, of: [Set(loss.terms.indices)], team: team)
        }
        try expect(answer.gradients[0][0], golden)
    }

    @Test(arguments: try goldens.get().cases.filter { $0.preset != nil })
    func `the gradient of every preset agrees with float64`(golden: GoldenGradient) throws {
        let preset = try #require(golden.preset)
        let extractor =
            golden.network == "embedded" ? try Self.embedded.get() : Self.generated
        var loss = try #require(Presets.named(preset))
        loss.input = golden.input?.preprocessing
        // Patches of 16 x 16 of relu3_1 need 64 pixels a side.
        let isLarge = preset == "enhancenet"
        let output =
            isLarge
            ? try Fixtures.crop("astronaut-256", x: 60, y: 40, 64, 64)
            : try Fixtures.image("noise")
        let target =
            isLarge
            ? try Fixtures.crop("rocket-256", x: 60, y: 40, 64, 64)
            : try Fixtures.image("crop-37x51-target")
        let pair = Pair(
            output: output, target: 0,
            mask: golden.masked == true ? Self.mask(output.width, output.height) : nil)
        let answer = try Self.pool.runAndWait { team in
            try LossEvaluator(extractor: extractor).gradients(
                [pair], targets: [.image(target)], loss: loss, of: [Set(loss.terms.indices)],
                team: team)
        }
        try expect(answer.gradients[0][0], golden)
    }

    // A hole, the last rows of which are not quite one.
    static func mask(_ width: Int, _ height: Int) -> Mask? {
        var samples = [UInt8](repeating: 255, count: width * height)
        for y in 8..<28 {
            for x in 10..<30 { samples[y * width + x] = y < 25 ? 0 : 96 }
        }
        return Mask(
            Image(width: width, height: height, channels: 1, uint8: samples), polarity: .valid)
    }

    private func expect(_ gradient: ImageGradient, _ golden: GoldenGradient) throws {
        var planes: [Double] = []
        for c in 0..<3 {
            planes += stride(from: c, to: gradient.values.count, by: 3)
                .map { Double(gradient.values[$0]) }
        }
        let exact = try Self.goldens.get().values(golden.name)
        guard exact.contains(where: { $0 != 0 }) else {
            #expect(planes.allSatisfy { $0 == 0 })
            return
        }
        let error = GradientTests.error(planes, exact)
        let bound = Self.bounds[golden.name] ?? 1e-5
        #expect(error < bound, "\(golden.name): \(error)")
    }
}

/// Tests/Fixtures/gradients.json and gradients.safetensors
private struct GoldenGradients {
    let cases: [GoldenGradient]
    private let bytes: [UInt8]
    private let file: SafetensorsFile

    init() throws {
        struct Contents: Decodable { let cases: [GoldenGradient] }
        cases = try JSONDecoder().decode(
            Contents.self,
            from: try Data(contentsOf: Fixtures.directory.appending(path: "gradients.json"))
        ).cases
        let bytes = [UInt8](
            try Data(contentsOf: Fixtures.directory.appending(path: "gradients.safetensors")))
        file = try SafetensorsFile.parse(bytes.span)
        self.bytes = bytes
    }

    func values(_ name: String) throws -> [Double] {
        guard let view = file[name] else { throw GoldenGradientError.missing(name) }
        return try Elements.float64(view, of: bytes.span)
    }
}

enum GoldenGradientError: Error { case missing(String) }

/// One case: a product at a tap, or the gradient of a preset's total by its output.
struct GoldenGradient: Decodable, CustomTestStringConvertible {
    struct Variant: Decodable {
        let pooling: String
        let scale: Float
        let rounding: String
        let padding: String

        func variant(_ architecture: Architecture) -> NetworkVariant? {
            let poolings: [String: NetworkVariant.Pooling] = [
                "max": .max, "average": .average(scale: scale), "l2": .l2(scale: scale),
            ]
            guard let pooling = poolings[pooling],
                let rounding = NetworkVariant.Rounding(rawValue: rounding),
                let padding = NetworkVariant.Padding(rawValue: padding)
            else { return nil }
            return NetworkVariant(
                architecture, pooling: pooling, rounding: rounding, padding: padding)
        }
    }

    let name: String
    let network: String
    let image: String?
    let tap: String?
    let seed: Int?
    let variant: Variant?
    let output: String?
    let target: String?
    let mask: String?
    let preset: String?
    let masked: Bool?
    let input: PresetCase.Input?

    var testDescription: String { name }
}
