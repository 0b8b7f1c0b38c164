import Foundation
import Inference
import TestSupport
import Testing

/// `L(x + h d) − L(x) − h g·d` falls as h² where L is smooth: no tolerance has to be tuned, and an error
/// of a hundredth in g shows. The losses are those of the slow twins in double precision, g and with it
/// d, its signs, are the engine's. Biases are so large that every ReLU passes: nothing has a kink.
struct TaylorTests {
    private static let pool = WorkerPool(workers: 2)
    private static let (height, width) = (10, 12)
    private static let layers = ["relu1_1", "relu1_2", "pool1"]
    private static let steps = (7...10).map { 1 / Double(1 << $0) }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let measure: FeatureMeasure
        /// The loss of a layer by the definition.
        let value: @Sendable (_ a: ReferenceFeatures, _ b: ReferenceFeatures) -> Double
    }

    static let cases: [Case] = {
        let layers = TaylorTests.layers.map { LayerWeight($0) }
        let squares = { @Sendable (a: [Double], b: [Double]) in
            zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(a.count)
        }
        let content = Case(
            testDescription: "content", measure: FeatureMeasure(layers, .features, .squared)
        ) { squares($0.values, $1.values) }
        let charbonnier = Case(
            testDescription: "charbonnier",
            measure: FeatureMeasure(layers, .features, .charbonnier(eps: 0.5))
        ) { a, b in
            zip(a.values, b.values).reduce(0) {
                $0 + (($1.0 - $1.1) * ($1.0 - $1.1) + 0.5).squareRoot()
            } / Double(a.values.count)
        }
        let grams = [GramKind.raw, .covariance, .correlation].map { kind in
            Case(
                testDescription: kind.rawValue,
                measure: FeatureMeasure(layers, .gram(Gram(kind)), .squared)
            ) { squares(ReferenceLosses.gram($0, kind), ReferenceLosses.gram($1, kind)) }
        }
        return [content, charbonnier] + grams
    }()

    private static func network() throws -> Network {
        let tensors = GeneratedWeights.tensors(.vgg16, seed: 7, elementType: .float32).map {
            guard $0.name.hasSuffix(".bias") else { return $0 }
            // 8 and 64 in single precision.
            let bytes: [UInt8] =
                $0.name == "features.0.bias" ? [0, 0, 0, 0x41] : [0, 0, 0x80, 0x42]
            return GeneratedWeights.tensor($0.name, .float32, $0.shape, repeating: [bytes])
        }
        return try Network(
            name: "generated", sha256: "", tensors: tensors, metadata: [:],
            preprocessing: .torchvision)
    }

    // Values and steps that single precision has exactly.
    private static func image(_ values: [Float]) -> Image {
        Image(width: width, height: height, channels: 3, float32: values, range: .zeroToOne)
    }

    @Test(arguments: cases, [NetworkVariant.Pooling.average(scale: 1), .l2(scale: 1)])
    func `what is left of a step falls as its square`(
        golden: Case, pooling: NetworkVariant.Pooling
    ) throws {
        let network = try Self.network()
        let variant = NetworkVariant(.vgg16, pooling: pooling)
        let taps = Set(Self.layers.compactMap { Tap($0) })
        let start = TestNetworks.noise(count: 3 * Self.height * Self.width, seed: 1)
            .map { 0.25 + Float($0) / 512 }
        let target = TestNetworks.image(width: Self.width, height: Self.height, seed: 3)
        let loss = Loss(
            name: golden.testDescription, summary: "", citation: "",
            network: LossNetwork(pooling: pooling),
            terms: [Term("term", weight: 1, .features(golden.measure))])
        let answer = try Self.pool.runAndWait { team in
            try LossEvaluator(extractor: Extractor(network: network)).gradients(
                [Pair(output: Self.image(start), target: 0)], targets: [.image(target)],
                loss: loss, of: [[0]], team: team)
        }
        let gradient = answer.gradients[0][0].values
        let along = gradient.reduce(0) { $0 + abs(Double($1)) }
        let others = ReferenceLayers.walk(target, through: network, taps: taps, variant: variant)
        let values = try ([0] + Self.steps).map { step in
            let moved = zip(start, gradient).map { $0 + Float($1 < 0 ? -step : step) }
            let walk = ReferenceLayers.walk(
                Self.image(moved), through: network, taps: taps, variant: variant)
            return try taps.reduce(0.0) {
                $0 + golden.value(try #require(walk[$1]), try #require(others[$1]))
            }
        }
        let order = { (factor: Double) in
            let rest = zip(Self.steps, values.dropFirst()).map { step, value in
                abs(value - values[0] - step * factor * along)
            }
            return log2(rest[0] / rest[rest.count - 1]) / Double(rest.count - 1)
        }
        #expect((1.95...2.05).contains(order(1)), "\(order(1))")
        // The test would see a gradient that is a hundredth too long.
        #expect(!(1.95...2.05).contains(order(1.01)), "\(order(1.01))")
    }
}
