import Inference
import TestSupport
import Testing

/// The gradients of losses of summaries, `A F + b`, against what the loss rises by in double precision.
struct SummarySlopeTests {
    // Whole patches of two, and a row and a column that belong to none.
    private static let shape = FeatureShape(channels: 3, height: 5, width: 7)
    private static let kernels = Kernels(.best)

    /// [channel][position]
    private typealias Features = [[Double]]

    private static func features(_ seed: Int) -> Features {
        let values = KernelInputs.doubles(shape.count, seed)
        return (0..<shape.channels).map {
            Array(values[$0 * shape.positions..<($0 + 1) * shape.positions])
        }
    }

    private static func summary(_ kind: SummaryKind, _ features: Features) -> Summary {
        let means = features.map { $0.reduce(0, +) / Double(shape.positions) }
        let centred = zip(features, means).map { row, mean in row.map { $0 - mean } }
        func products(_ rows: Features, _ places: [Int]) -> [Double] {
            rows.indices.flatMap { i in
                (i..<rows.count).map { j in
                    places.reduce(0) { $0 + rows[i][$1] * rows[j][$1] }
                }
            }
        }
        let all = Array(0..<shape.positions)
        switch kind {
        case .products: return Summary(kind: kind, shape: shape, sums: products(features, all))
        case .centredProducts:
            return Summary(kind: kind, shape: shape, means: means, sums: products(centred, all))
        case .moments:
            return Summary(
                kind: kind, shape: shape, means: means,
                sums: centred.map { $0.reduce(0) { $0 + $1 * $1 } })
        case .patchProducts(let side):
            let patches = patches(side).flatMap { products(features, $0) }
            return Summary(kind: kind, shape: shape, sums: patches)
        case .weightedProducts: preconditionFailure("weights are the features' own")
        }
    }

    /// The positions of each whole patch.
    private static func patches(_ side: Int) -> [[Int]] {
        (0..<shape.height / side).flatMap { row in
            (0..<shape.width / side).map { column in
                (0..<side * side).map {
                    (row * side + $0 / side) * shape.width + column * side + $0 % side
                }
            }
        }
    }

    /// `A (F − c) + b` at every feature.
    private static func gradient(_ slope: SummarySlope, _ features: Features) -> [Double] {
        var gradient = features.map { $0.map { _ in 0.0 } }
        let places = slope.side.map(patches) ?? [Array(0..<shape.positions)]
        for (part, places) in zip(slope.parts, places) {
            for c in features.indices {
                for p in places {
                    gradient[c][p] = part.value(c, of: features.map { $0[p] })
                }
            }
        }
        return gradient.flatMap(\.self)
    }

    /// Central differences of a loss.
    private static func risen(
        _ features: Features, _ loss: (Features) throws -> Double
    ) rethrows -> [Double] {
        let step = 1e-5
        return try features.indices.flatMap { c in
            try features[c].indices.map { p in
                var (more, less) = (features, features)
                more[c][p] += step
                less[c][p] -= step
                return (try loss(more) - loss(less)) / (2 * step)
            }
        }
    }

    private func check(_ measure: FeatureMeasure, _ weights: [Double] = [1]) throws {
        let kind = try #require(measure.summaryKind)
        let features = Self.features(1)
        let targets = weights.enumerated().map { number, weight in
            (summary: Self.summary(kind, Self.features(number + 2)), weight: weight)
        }
        let slope = try #require(
            try measure.slope(
                of: Self.summary(kind, features), against: targets, pixels: 50, factor: 3,
                kernels: Self.kernels))
        let risen = try Self.risen(features) {
            try 3
                * measure.loss(
                    of: Self.summary(kind, $0), against: targets, pixels: 50,
                    kernels: Self.kernels)
        }
        let closeness = Closeness(Self.gradient(slope, features), to: risen)
        #expect(closeness.relative < 1e-6, "\(measure.statistic) \(measure.distance)")
    }

    private static let distances: [Distance] = [
        .l1, .squared, .l2, .smoothL1(beta: 0.3), .charbonnier(eps: 0.01),
        .scaledSquared(eps: 0.1),
    ]
    private static let statistics: [Statistic] =
        [
            Gram(.none), Gram(.positions, scale: 0.5), Gram(.elements), Gram(.constant(7)),
            Gram(.positions, isCentred: true), Gram(.elements, isCentred: true, scale: 2),
            Gram(.deviations, isCentred: true), Gram(.positions, patch: 2),
            Gram(.elements, scale: 3, patch: 3),
        ].map(Statistic.gram) + [
            .mean, .meanDeviation(eps: 1e-5, isUnbiased: true),
            .meanDeviation(eps: 0.1, isUnbiased: false),
        ]

    @Test(arguments: statistics, distances)
    func `of every statistic by every distance`(statistic: Statistic, distance: Distance) throws {
        let reductions = [
            Reduction.mean, .sum, Reduction(.sumOfChannels, factor: 0.25, imagePower: -1),
        ]
        for reduction in reductions {
            try check(FeatureMeasure([], statistic, distance, reduction))
        }
    }

    @Test(arguments: statistics)
    func `against a blend of targets`(statistic: Statistic) throws {
        try check(FeatureMeasure([], statistic, .squared), [0.25, 0.75])
    }

    // Few steps are no root, and the gradient is that of what they make.
    @Test(arguments: [1, 4, 12])
    func `of a distance of normal distributions`(steps: Int) throws {
        let measure = FeatureMeasure([], .gaussian(eps: 0.1, steps: steps), .wasserstein)
        try check(measure)
        try check(measure, [0.5, 0.5])
    }

    @Test func `nothing has a slope where a deviation or a root is 0`() throws {
        let flat = (0..<Self.shape.channels).map { channel in
            [Double](repeating: Double(channel), count: Self.shape.positions)
        }
        let deviation = FeatureMeasure([], .meanDeviation(eps: 0, isUnbiased: true), .squared)
        let moments = try #require(
            try deviation.slope(
                of: Self.summary(.moments, flat),
                against: [(Self.summary(.moments, Self.features(1)), 1)], pixels: 50, factor: 1,
                kernels: Self.kernels))
        #expect(Self.gradient(moments, flat).allSatisfy { $0.isFinite })
        let root = FeatureMeasure([], .gram(Gram(.elements)), .l2)
        let same = Self.summary(.products, Self.features(1))
        let slope = try #require(
            try root.slope(
                of: same, against: [(same, 1)], pixels: 50, factor: 1, kernels: Self.kernels))
        #expect(Self.gradient(slope, Self.features(1)).allSatisfy { $0 == 0 })
    }

    // Both images at once: a part in the subject's features and one in the target's.
    @Test(arguments: [0.0, 1e-6, 0.5])
    func `of structure, by the moments of both images`(eps: Double) throws {
        let measure = FeatureMeasure([], .jointMoments, .structural(c1: eps, c2: eps), .sum)
        let (features, target) = (Self.features(1), Self.features(2))
        let slopes = try #require(
            measure.slopes(
                ofMoments: Self.moments(features, target), at: "relu1_2", pixels: 50, factor: 3))
        let own = Self.gradient(SummarySlope(parts: [slopes.own], side: nil), features)
        let others = Self.gradient(SummarySlope(parts: [slopes.others], side: nil), target)
        let risen = Self.risen(features) {
            3 * measure.loss(ofMoments: Self.moments($0, target), at: "relu1_2", pixels: 50)
        }
        #expect(Closeness(zip(own, others).map(+), to: risen).relative < 1e-6)
    }

    private static func moments(_ features: Features, _ target: Features) -> JointMoments {
        let count = Double(shape.positions)
        func means(_ rows: Features) -> [Double] { rows.map { $0.reduce(0, +) / count } }
        let (means, targetMeans) = (means(features), means(target))
        func covariances(_ a: Features, _ b: Features, _ m: [Double], _ n: [Double]) -> [Double] {
            a.indices.map { c in
                zip(a[c], b[c]).reduce(0) { $0 + ($1.0 - m[c]) * ($1.1 - n[c]) } / count
            }
        }
        return JointMoments(
            means: means, targetMeans: targetMeans,
            variances: covariances(features, features, means, means),
            targetVariances: covariances(target, target, targetMeans, targetMeans),
            covariances: covariances(features, target, means, targetMeans), positions: count)
    }
}
