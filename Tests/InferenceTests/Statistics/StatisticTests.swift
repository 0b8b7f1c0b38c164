import Inference
import TestSupport
import Testing

/// Each statistic, distance and reduction against direct loops in double precision: every instruction
/// set, both precisions, channels that do not fill a block, more positions than one run.
struct StatisticTests {
    private static let pool = WorkerPool(workers: 2)
    static let sets = InstructionSet.allCases.filter(\.isSupported)
    private static let shape = (channels: 67, height: 21, width: 33)

    private static func rows(_ seed: Int) -> [[Double]] {
        let count = shape.channels * shape.height * shape.width
        let values = TestNetworks.noise(count: count, seed: seed).map { Double($0) / 64 - 1 }
        let positions = shape.height * shape.width
        return (0..<shape.channels).map { Array(values[$0 * positions..<($0 + 1) * positions]) }
    }
    private static let a = rows(1)
    private static let b = rows(2)

    private static func loss(
        _ statistic: Statistic, _ distance: Distance, _ reduction: Reduction = .mean,
        _ set: InstructionSet, isDouble: Bool
    ) throws -> Double {
        let dimensions = try FeatureDimensions(
            name: "x", sizes: [shape.channels, shape.height, shape.width], layout: .chw)
        let tensors = [a, b].map { rows in
            FeatureTensor(
                dimensions,
                isDouble
                    ? .float64(rows.flatMap(\.self))
                    : .float32(rows.flatMap { $0.map { Float($0) } }))
        }
        let measure = FeatureMeasure([LayerWeight("x")], statistic, distance, reduction)
        let loss = Loss(
            name: "x", summary: "", citation: "", terms: [Term("x", weight: 1, .features(measure))])
        let evaluator = try FeatureEvaluator(loss, layers: [("x", dimensions, dimensions)])
        let losses = try pool.runAndWait { team in
            try evaluator.evaluate([(tensors[0], tensors[1])], instructionSet: set, team: team)
        }
        return losses[0].terms[0].loss
    }

    private func expect(
        _ statistic: Statistic, _ distance: Distance, _ reduction: Reduction = .mean,
        toBe expected: Double
    ) throws {
        for set in Self.sets {
            for isDouble in [false, true] {
                let value = try Self.loss(
                    statistic, distance, reduction, set, isDouble: isDouble)
                let tolerance = isDouble ? 1e-11 : 1e-5
                #expect(
                    abs(value / expected - 1) < tolerance,
                    "\(statistic) \(distance) \(set) \(isDouble): \(value), not \(expected)")
            }
        }
    }

    private static var positions: Double { Double(shape.height * shape.width) }
    private static func mean(_ values: [Double]) -> Double {
        values.reduce(0, +) / Double(values.count)
    }
    private static func means(_ rows: [[Double]]) -> [Double] { rows.map(mean) }
    private static func mse(_ a: [Double], _ b: [Double]) -> Double {
        mean(zip(a, b).map { ($0 - $1) * ($0 - $1) })
    }

    @Test func `features by every distance`() throws {
        let d = zip(Self.a.flatMap(\.self), Self.b.flatMap(\.self)).map { $0 - $1 }
        let squares = d.reduce(0) { $0 + $1 * $1 }
        let sizes = d.reduce(0) { $0 + abs($1) }
        let count = Double(d.count)
        try expect(.features, .l1, toBe: sizes / count)
        try expect(.features, .squared, .sum, toBe: squares)
        try expect(.features, .squared, Reduction(.sumOfChannels), toBe: squares / Self.positions)
        try expect(.features, .l2, .sum, toBe: squares.squareRoot())
        try expect(.features, .scaledSquared(eps: 3), .sum, toBe: squares / (sizes + 3))
        let smooth = d.reduce(0) { $0 + (abs($1) < 0.7 ? $1 * $1 / 1.4 : abs($1) - 0.35) }
        try expect(.features, .smoothL1(beta: 0.7), toBe: smooth / count)
        // Charbonnier counts the channels there are, not those that fill the block.
        let charbonnier = d.reduce(0) { $0 + ($1 * $1 + 0.01).squareRoot() }
        try expect(.features, .charbonnier(eps: 0.01), toBe: charbonnier / count)
        let scaled = d.reduce(0) {
            $0 + (abs(3 * $1) < 0.7 ? 9 * $1 * $1 / 1.4 : abs(3 * $1) - 0.35)
        }
        try expect(
            .features(scale: 3, unit: nil), .smoothL1(beta: 0.7), toBe: scaled / count)
    }

    @Test(arguments: [false, true])
    func `features of unit length over channels`(isInside: Bool) throws {
        var sum = 0.0
        for p in 0..<Int(Self.positions) {
            func factor(_ rows: [[Double]]) -> Double {
                let squares = rows.reduce(0) { $0 + $1[p] * $1[p] }
                return isInside
                    ? 1 / (squares + 0.1).squareRoot() : 1 / (squares.squareRoot() + 0.1)
            }
            let (fa, fb) = (factor(Self.a), factor(Self.b))
            for c in 0..<Self.shape.channels {
                let d = Self.a[c][p] * fa - Self.b[c][p] * fb
                sum += d * d
            }
        }
        try expect(
            .features(scale: 1, unit: ChannelUnit(eps: 0.1, isInsideRoot: isInside)), .squared,
            Reduction(.sumOfChannels), toBe: sum / Self.positions)
    }

    @Test func `means and deviations`() throws {
        let mean = Self.mse(Self.means(Self.a), Self.means(Self.b))
        try expect(.mean, .squared, toBe: mean)
        for isUnbiased in [false, true] {
            func deviations(_ rows: [[Double]]) -> [Double] {
                rows.map { row in
                    let m = Self.mean(row)
                    let squares = row.reduce(0) { $0 + ($1 - m) * ($1 - m) }
                    return (squares / (Self.positions - (isUnbiased ? 1 : 0)) + 1e-5).squareRoot()
                }
            }
            try expect(
                .meanDeviation(eps: 1e-5, isUnbiased: isUnbiased), .squared,
                toBe: mean + Self.mse(deviations(Self.a), deviations(Self.b)))
        }
    }

    private func gram(_ rows: [[Double]], _ places: [Int]) -> [Double] {
        rows.flatMap { x in rows.map { y in places.reduce(0) { $0 + x[$1] * y[$1] } } }
    }

    @Test func `Gram matrices with every normaliser`() throws {
        let places = Array(0..<Int(Self.positions))
        let (ga, gb) = (gram(Self.a, places), gram(Self.b, places))
        let sum = zip(ga, gb).reduce(0) { $0 + abs($1.0 - $1.1) }
        let count = Double(ga.count)
        try expect(.gram(Gram(.none)), .l1, .sum, toBe: sum)
        try expect(.gram(Gram(.positions)), .l1, toBe: sum / count / Self.positions)
        try expect(
            .gram(Gram(.elements, scale: 0.5)), .l1,
            toBe: sum / count / Self.positions / Double(Self.shape.channels) / 4)
        try expect(.gram(Gram(.constant(7))), .l1, toBe: sum / count / 7)
        try expect(
            .gram(Gram(.none)), .l1, Reduction(.sum, factor: 2, imagePower: -2),
            toBe: 2 * sum / Self.positions / Self.positions)
    }

    // 21 × 33 has 2 × 4 whole patches of 8; five rows and a column belong to none.
    @Test func `Gram matrices of patches`() throws {
        var sum = 0.0
        for row in 0..<2 {
            for column in 0..<4 {
                let places = (0..<64).map {
                    (8 * row + $0 / 8) * Self.shape.width + 8 * column + $0 % 8
                }
                sum += Self.mse(gram(Self.a, places), gram(Self.b, places))
            }
        }
        try expect(.gram(Gram(.none, patch: 8)), .squared, toBe: sum / 8)
    }

    @Test func `products that leave single precision are computed in double`() throws {
        let dimensions = try FeatureDimensions(name: "x", sizes: [1, 3, 400], layout: .matrix)
        let tiny = [1e-25, -1e-25].map { scale in
            FeatureTensor(
                dimensions,
                .float32(Self.a[..<3].flatMap { $0[..<400].map { Float($0 * scale) } }))
        }
        let grams = try Self.pool.runAndWait { team in
            try tiny.map { tensor in
                let summaries = try tensor.summaries(.centredProducts, team: team)
                return GramMatrix(Gram(.correlation), summaries[0]).values
            }
        }
        #expect(abs(grams[0][0] - 1) < 1e-6 && grams[0][1] != 0)
        #expect(zip(grams[0], grams[1]).allSatisfy { abs($0 - $1) < 1e-6 })
    }
}
