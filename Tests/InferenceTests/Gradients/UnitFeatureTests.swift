import Inference
import TestSupport
import Testing

/// The gradient of features at unit length over the channels of each pixel.
struct UnitFeatureTests {
    private static let pool = WorkerPool(workers: 2)
    private static let tap = Tap("relu2_1")
    private static let distances: [Distance] = [
        .l1, .squared, .l2, .smoothL1(beta: 0.01), .charbonnier(eps: 1e-4),
        .scaledSquared(eps: 1e-8),
    ]
    private static let units = [
        ChannelUnit(eps: 1e-10, isInsideRoot: false), ChannelUnit(eps: 1e-3, isInsideRoot: false),
        ChannelUnit(eps: 1e-8, isInsideRoot: true), ChannelUnit(eps: 0.1, isInsideRoot: true),
    ]

    private static func loss(
        _ distance: Distance, _ unit: ChannelUnit, at layer: String = "relu2_1"
    ) -> Loss {
        Loss(
            name: "unit", summary: "", citation: "",
            terms: [
                Term(
                    "unit", weight: 3,
                    .features(
                        FeatureMeasure(
                            [LayerWeight(layer)], .features(scale: 1, unit: unit), distance)))
            ])
    }

    private static func gradient(
        _ output: Image, _ target: Image, _ loss: Loss, _ extractor: Extractor
    ) throws -> [Double] {
        let answer = try pool.runAndWait { team in
            try LossEvaluator(extractor: extractor).gradients(
                [Pair(output: output, target: 0)], targets: [.image(target)], loss: loss,
                of: [[0]], team: team)
        }
        let values = answer.gradients[0][0].values
        return (0..<3).flatMap { c in
            stride(from: c, to: values.count, by: 3).map { Double(values[$0]) }
        }
    }

    @Test(arguments: distances, units)
    func `it equals direct loops`(distance: Distance, unit: ChannelUnit) throws {
        let tap = try #require(Self.tap)
        let images = [3, 4].map { TestNetworks.image(width: 21, height: 14, seed: $0) }
        let variant = NetworkVariant(.vgg16)
        let walks = images.map {
            ReferenceGradients($0, network: TestNetworks.vgg16, variant: variant, through: tap)
        }
        let features = try walks.map { ReferenceLayers.relu(try #require($0.outputs.last)) }
        let cotangent = ReferenceUnits.gradient(
            features[0], features[1], distance, unit, times: 3)
        let expected = walks[0].gradient([tap: cotangent])
        for instructionSet in ExtractorTests.instructionSets {
            let extractor = Extractor(
                network: TestNetworks.vgg16, instructionSet: instructionSet)
            let values = try Self.gradient(
                images[0], images[1], Self.loss(distance, unit), extractor)
            let error = GradientTests.error(values, expected.values)
            #expect(error < 1e-5, "\(distance) \(unit): \(error)")
        }
    }

    @Test(arguments: units)
    func `where there are no features at all there is none, or what ε makes of it`(
        unit: ChannelUnit
    ) throws {
        // What conv1_1 makes of black without a bias; no ReLU stands before it.
        let extractor = Extractor(network: try Self.unbiased())
        let black = Image(
            width: 12, height: 9, channels: 3, uint8: [UInt8](repeating: 0, count: 324))
        let values = try Self.gradient(
            black, TestNetworks.image(width: 12, height: 9),
            Self.loss(.squared, unit, at: "conv1_1"), extractor)
        let (isFinite, isZero) = (values.allSatisfy(\.isFinite), values.allSatisfy { $0 == 0 })
        #expect(isFinite)
        #expect(isZero == !unit.isInsideRoot)
    }

    // Of which black makes zeros.
    private static func unbiased() throws -> Network {
        let tensors = GeneratedWeights.tensors(.vgg16, seed: 7, elementType: .float32).map {
            $0.name.hasSuffix(".bias")
                ? GeneratedWeights.tensor($0.name, .float32, $0.shape, repeating: [[0, 0, 0, 0]])
                : $0
        }
        return try Network(
            name: "generated", sha256: "", tensors: tensors, metadata: [:],
            preprocessing: Preprocessing(
                name: "custom", isBGR: false, scale: 1, mean: [0, 0, 0], std: [1, 1, 1]))
    }
}

/// The slow twin: by the definition, in double precision, one feature after another.
private enum ReferenceUnits {
    static func gradient(
        _ a: ReferenceFeatures, _ b: ReferenceFeatures, _ distance: Distance, _ unit: ChannelUnit,
        times factor: Double
    ) -> ReferenceFeatures {
        let count = Double(a.values.count)
        let (u, v) = (normalised(a, unit), normalised(b, unit))
        let d = zip(u.values, v.values).map { $0 - $1 }
        let squares = d.reduce(0) { $0 + $1 * $1 } / count
        let sizes = d.reduce(0) { $0 + abs($1) } / count
        var slopes = a
        for (i, d) in d.enumerated() {
            let sign: Double = d > 0 ? 1 : d < 0 ? -1 : 0
            let slope =
                switch distance {
                case .l1: sign / count
                case .squared: 2 * d / count
                case .l2: d / count / squares.squareRoot()
                case .smoothL1(let beta): (abs(d) < beta ? d / beta : sign) / count
                case .charbonnier(let eps): d / (d * d + eps).squareRoot() / count
                case .scaledSquared(let eps):
                    (2 * d / (sizes + eps) - sign * squares / ((sizes + eps) * (sizes + eps)))
                        / count
                case .wasserstein, .structural: Double.nan
                }
            slopes.values[i] = factor * slope
        }
        return backThroughLength(slopes, a, unit)
    }

    private static func length(_ f: ReferenceFeatures, _ y: Int, _ x: Int) -> Double {
        (0..<f.channels).reduce(0) { $0 + f[$1, y, x] * f[$1, y, x] }.squareRoot()
    }

    private static func normalised(
        _ f: ReferenceFeatures, _ unit: ChannelUnit
    ) -> ReferenceFeatures {
        map(f) { c, y, x in
            let length = length(f, y, x)
            return f[c, y, x]
                / (unit.isInsideRoot
                    ? (length * length + unit.eps).squareRoot() : length + unit.eps)
        }
    }

    // (I − f fᵀ/(‖f‖ n))/n of n = ‖f‖ + ε, and (I − f fᵀ/n²)/n of n = √(‖f‖² + ε).
    private static func backThroughLength(
        _ slopes: ReferenceFeatures, _ f: ReferenceFeatures, _ unit: ChannelUnit
    ) -> ReferenceFeatures {
        map(f) { c, y, x in
            let length = length(f, y, x)
            guard length > 0 else { return 0 }
            let n =
                unit.isInsideRoot
                ? (length * length + unit.eps).squareRoot() : length + unit.eps
            let along = (0..<f.channels).reduce(0) { $0 + slopes[$1, y, x] * f[$1, y, x] }
            let divisor = unit.isInsideRoot ? n * n : length * n
            return (slopes[c, y, x] - f[c, y, x] * along / divisor) / n
        }
    }

    private static func map(
        _ f: ReferenceFeatures, _ value: (Int, Int, Int) -> Double
    ) -> ReferenceFeatures {
        var result = f
        for c in 0..<f.channels {
            for y in 0..<f.height {
                for x in 0..<f.width {
                    result.values[(c * f.height + y) * f.width + x] = value(c, y, x)
                }
            }
        }
        return result
    }
}
