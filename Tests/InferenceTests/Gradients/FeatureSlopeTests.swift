import Inference
import TestSupport
import Testing

/// Rows of gradients at a tap as the kernels add them, against their formulas in double precision.
struct FeatureSlopeTests {
    private static let shape = FeatureShape(channels: 128, height: 5, width: 7)

    private static func features(_ seed: Int) -> ReferenceFeatures {
        .noise(channels: shape.channels, height: shape.height, width: shape.width, seed: seed)
    }

    private static func map(_ features: ReferenceFeatures) throws -> FeatureMap {
        try FeatureMap(
            channels: features.channels, height: features.height, width: features.width,
            values: features.values.map { Float($0) })
    }

    /// What a slope adds to a ring with a margin that holds something, or zeros.
    private static func added(
        _ slope: FeatureSlope, _ set: InstructionSet, margin: Int, toZeros: Bool = false
    ) -> [Double] {
        var before = ReferenceFeatures.noise(
            channels: shape.channels, height: shape.height + 2 * margin,
            width: shape.width + 2 * margin, seed: 99)
        if toZeros { before.values = before.values.map { _ in 0 } }
        let ring = RowRing.kept(
            height: before.height, width: before.width, channels: before.channels)
        for y in 0..<before.height { ring.write(before, row: y) }
        let workspace = Workspace()
        for y in 0..<shape.height {
            slope.add(
                row: y, to: ring, image: 0, margin: margin, kernels: Kernels(set),
                workspace: workspace)
        }
        let after = ReferenceFeatures(
            channels: before.channels, height: before.height, width: before.width,
            values: ring.values())
        var values: [Double] = []
        for c in 0..<before.channels {
            for y in 0..<before.height {
                for x in 0..<before.width {
                    let difference = after[c, y, x] - before[c, y, x]
                    let isInside =
                        (margin..<margin + shape.height).contains(y)
                        && (margin..<margin + shape.width).contains(x)
                    if isInside { values.append(difference) } else { #expect(difference == 0) }
                }
            }
        }
        return values
    }

    private static func slope(order: Int, isDiagonal: Bool, seed: Int) -> AffineSlope {
        let shift = KernelInputs.doubles(order, seed)
        guard !isDiagonal else {
            return AffineSlope(diagonal: KernelInputs.doubles(order, seed + 1), shift: shift)
        }
        return AffineSlope(
            upper: KernelInputs.doubles(GramMatrix.upperCount(order: order), seed + 1),
            shift: shift)
    }

    // `weight · A F + b` at one feature.
    private static func value(
        _ slope: AffineSlope, _ features: ReferenceFeatures, _ c: Int, _ y: Int, _ x: Int,
        weight: Double = 1
    ) -> Double {
        slope.value(
            c, of: (0..<features.channels).map { features[$0, y, x] }, weight: weight)
    }

    private static func values(_ value: (_ c: Int, _ y: Int, _ x: Int) -> Double) -> [Double] {
        (0..<shape.channels).flatMap { c in
            (0..<shape.height).flatMap { y in (0..<shape.width).map { value(c, y, $0) } }
        }
    }

    @Test(arguments: KernelInputs.sets, [0, 1])
    func `a given gradient is added as it is`(set: InstructionSet, margin: Int) throws {
        let gradient = Self.features(1)
        let values = try Self.added(.given(Self.map(gradient)), set, margin: margin)
        #expect(values == gradient.values)
    }

    @Test(arguments: KernelInputs.sets, [false, true])
    func `one affine slope of all positions`(set: InstructionSet, isDiagonal: Bool) throws {
        let features = Self.features(1)
        let slope = Self.slope(order: 128, isDiagonal: isDiagonal, seed: 5)
        let expected = Self.values { Self.value(slope, features, $0, $1, $2) }
        for margin in [0, 1] {
            let values = try Self.added(
                .summary(
                    SummarySlope(parts: [slope], side: nil), of: Self.map(features), Kernels(set)),
                set, margin: margin)
            #expect(Closeness(values, to: expected).relative < 1e-6)
        }
    }

    @Test(arguments: KernelInputs.sets, [1, 2, 3, 5])
    func `a slope of each patch, and none beyond the last whole one`(
        set: InstructionSet, side: Int
    ) throws {
        let features = Self.features(1)
        let (down, across) = (Self.shape.height / side, Self.shape.width / side)
        let parts = (0..<down * across).map {
            Self.slope(order: 128, isDiagonal: false, seed: 10 + $0)
        }
        let expected = Self.values { c, y, x in
            guard y / side < down, x / side < across else { return 0 }
            return Self.value(parts[y / side * across + x / side], features, c, y, x)
        }
        let values = try Self.added(
            .summary(SummarySlope(parts: parts, side: side), of: Self.map(features), Kernels(set)),
            set, margin: 0)
        #expect(Closeness(values, to: expected).relative < 1e-6)
    }

    /// Weights from 0 to 1, some of them 0.
    private static func weights() throws -> (weights: PositionWeights, values: [Double]) {
        let samples = TestNetworks.noise(count: shape.positions, seed: 8).map { $0 < 60 ? 0 : $0 }
        let image = Image(
            width: shape.width, height: shape.height, channels: 1, uint8: samples)
        let mask = try #require(Mask(image, polarity: .valid))
        let weights = try PositionWeights(
            mask, PositionWeighting(.valid), height: shape.height, width: shape.width)
        return (weights, samples.map { Double($0) / 255 })
    }

    @Test(arguments: KernelInputs.sets)
    func `a slope of weighted products has their squares`(set: InstructionSet) throws {
        let features = Self.features(1)
        let (weights, w) = try Self.weights()
        let slope = AffineSlope(
            upper: KernelInputs.doubles(GramMatrix.upperCount(order: 128), 5),
            shift: Array(repeating: 0, count: 128))
        let expected = Self.values { c, y, x in
            let weight = w[y * Self.shape.width + x]
            return Self.value(slope, features, c, y, x, weight: weight * weight)
        }
        let values = try Self.added(
            .summary(
                SummarySlope(parts: [slope], side: nil), of: Self.map(features), weights: weights,
                Kernels(set)), set, margin: 1)
        #expect(Closeness(values, to: expected).relative < 1e-6)
    }

    /// A measure of features, pair by pair, and its slope by rising.
    private struct PairCase {
        let statistic: Statistic
        let distance: Distance
        var learned: LearnedWeights?
        var region = PixelRegion.all

        var measure: FeatureMeasure {
            FeatureMeasure([], statistic, distance, .sum, learned: learned, region: region)
        }
    }

    private static let units = [
        ChannelUnit(eps: 1e-3, isInsideRoot: false), ChannelUnit(eps: 1e-3, isInsideRoot: true),
    ]
    private static let pairCases: [PairCase] = {
        let distances: [Distance] = [
            .l1, .squared, .l2, .smoothL1(beta: 0.3), .charbonnier(eps: 0.01),
            .scaledSquared(eps: 0.1),
        ]
        var cases: [PairCase] = []
        for region in [PixelRegion.all, .valid] {
            for distance in distances {
                cases.append(
                    PairCase(
                        statistic: .features(scale: 0.5, unit: nil), distance: distance,
                        region: region))
            }
            for unit in units {
                for learned in [nil, LearnedWeights.lpips] {
                    cases.append(
                        PairCase(
                            statistic: .features(scale: 1, unit: unit), distance: .squared,
                            learned: learned, region: region))
                }
            }
        }
        return cases
    }()

    // The loss as its parts say it: sums of rules over features at unit length, with factors.
    private static func sums(
        _ rules: [PairRule], _ f: [[Double]], _ t: [[Double]], _ weights: [Double]
    ) -> [Double] {
        rules.map { rule in
            func factor(_ pixel: [Double]) -> Double {
                rule.unit?.factor(squares: pixel.reduce(0) { $0 + $1 * $1 }) ?? 1
            }
            var sum = 0.0
            for p in f.indices {
                let (a, b) = (factor(f[p]), factor(t[p]))
                for c in f[p].indices {
                    let learned = rule.learned == nil ? 1 : lpips[c]
                    sum += weights[p] * learned * rule.pointwise(a * f[p][c] - b * t[p][c])
                }
            }
            return sum
        }
    }

    private static let lpips = LearnedLayer(weights: .lpips, layer: "relu2_2").factors

    @Test(arguments: pairCases.indices, KernelInputs.sets)
    func `slopes of pairs, position by position`(index: Int, set: InstructionSet) throws {
        let (measure, shape) = (Self.pairCases[index].measure, Self.shape)
        let layer = "relu2_2"
        let (features, target) = (Self.features(1), Self.features(2))
        let (weights, w) = try Self.weights()
        let values = measure.region == .all ? w.map { _ in 1.0 } : w
        func pixels(_ features: ReferenceFeatures) -> [[Double]] {
            (0..<shape.positions).map { p in
                (0..<shape.channels).map { features.values[$0 * shape.positions + p] }
            }
        }
        let (f, t) = (pixels(features), pixels(target))
        let rules = measure.pairRules(at: layer)
        let slopes = measure.slopes(
            ofPairs: Self.sums(rules, f, t, values), at: layer, shape,
            weights: measure.region == .all ? nil : weights, pixels: 50, factor: 1)
        let sets = try slopes.map {
            try Self.added(
                .difference($0, Self.map(features), Self.map(target)), set, margin: 1,
                toZeros: true)
        }
        let gradient = sets[0].indices.map { i in sets.reduce(0) { $0 + $1[i] } }
        let most = gradient.reduce(0) { max($0, abs($1)) }
        // Some channels of some positions.
        for c in stride(from: 0, to: shape.channels, by: 43) {
            for p in stride(from: 0, to: shape.positions, by: 4) {
                func loss(_ step: Double) -> Double {
                    // The position alone changes; the sums of the others stay.
                    var pixel = f
                    pixel[p][c] += step
                    return measure.loss(
                        ofPairs: Self.sums(rules, pixel, t, values), shape, pixels: 50)
                }
                let risen = (loss(1e-5) - loss(-1e-5)) / 2e-5
                let value = gradient[c * shape.positions + p]
                #expect(abs(value - risen) < 1e-5 * most, "\(c) \(p): \(value), not \(risen)")
            }
        }
    }
}
