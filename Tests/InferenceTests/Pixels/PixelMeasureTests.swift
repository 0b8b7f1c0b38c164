import Inference
import TestSupport
import Testing

/// Every distance, region, divisor and unit of pixels, and every kind of total variation, against
/// direct loops.
struct PixelMeasureTests {
    private static let sizes = [(1, 1), (1, 7), (6, 1), (5, 4), (19, 13)]
    private static let input = Preprocessing(
        name: "custom", isBGR: true, scale: 255, mean: [103, 116, 123], std: [50, 60, 70])
    /// What RGB is multiplied by in the network's input: std is in the network's order.
    private static let factors = [255.0 / 70, 255.0 / 60, 255.0 / 50]

    private struct Scene {
        let pair: Pair
        let target: Image
        /// [channel][y][x] of the output, the target and M.
        let o: ReferenceFeatures, t: ReferenceFeatures, m: ReferenceFeatures

        init(_ width: Int, _ height: Int) throws {
            let output = TestNetworks.image(width: width, height: height, seed: 1)
            target = TestNetworks.image(width: width, height: height, seed: 2)
            let noise = TestNetworks.noise(count: 3 * width * height, seed: 3)
            let samples = noise.map { $0 < 90 ? 0 : $0 > 180 ? 255 : $0 }
            let image = Image(width: width, height: height, channels: 3, uint8: samples)
            let mask = try #require(Mask(image, polarity: .valid))
            pair = Pair(output: output, target: 0, mask: mask)
            (o, t, m) = (
                ReferenceFeatures(output), ReferenceFeatures(target), ReferenceFeatures(image)
            )
        }

        /// The values of a subject, times the factors of a unit.
        func values(_ subject: Subject, _ unit: PixelUnit) -> ReferenceFeatures {
            var values = o
            let positions = o.height * o.width
            for i in values.values.indices {
                if subject == .composite {
                    values.values[i] = m.values[i] * t.values[i] + (1 - m.values[i]) * o.values[i]
                }
                if unit == .input { values.values[i] *= factors[i / positions] }
            }
            return values
        }

        func loss(_ measure: Measure, subject: Subject = .output) throws -> Double {
            let loss = Loss(
                name: "x", summary: "", citation: "",
                terms: [Term("x", weight: 1, subject: subject, measure)])
            return try #require(
                PixelLosses(loss, pair, target: target, input: PixelMeasureTests.input).values[0])
        }
    }

    private static let distances: [Distance] = [
        .l1, .squared, .l2, .smoothL1(beta: 0.3), .charbonnier(eps: 1e-3),
        .scaledSquared(eps: 0.01),
    ]

    @Test(arguments: sizes)
    func `distances of pixels by region, divisor, unit and reduction`(
        width: Int, height: Int
    ) throws {
        let scene = try Scene(width, height)
        for distance in Self.distances {
            for region in PixelRegion.allCases {
                for divisor in PixelRegion.allCases {
                    for unit in PixelUnit.allCases {
                        for reduction in [Reduction.mean, .sum] {
                            let measure = PixelMeasure(
                                distance, region: region, divisor: divisor, reduction: reduction,
                                unit: unit)
                            let value = try scene.loss(.pixels(measure))
                            let expected = expected(measure, scene)
                            #expect(
                                abs(value - expected) <= 1e-12 * max(1, abs(expected)),
                                "\(measure): \(value), not \(expected)")
                        }
                    }
                }
            }
        }
    }

    private func expected(_ measure: PixelMeasure, _ scene: Scene) -> Double {
        let values = scene.values(.output, measure.unit).values
        let positions = scene.o.height * scene.o.width
        func weight(_ region: PixelRegion, _ i: Int) -> Double {
            switch region {
            case .all: 1
            case .valid: scene.m.values[i]
            case .hole: 1 - scene.m.values[i]
            }
        }
        let divisor =
            measure.reduction == .sum
            ? 1 : values.indices.reduce(0) { $0 + weight(measure.divisor, $1) }
        let reduced = measure.distance.sums.map { rule in
            let sum = values.indices.reduce(0.0) { sum, i in
                let factor = measure.unit == .input ? Self.factors[i / positions] : 1
                let d = values[i] - factor * scene.t.values[i]
                return sum + weight(measure.region, i) * rule(d)
            }
            return sum == 0 ? 0 : sum / divisor
        }
        return measure.distance.value(reduced)
    }

    @Test(arguments: sizes, [Subject.output, .composite])
    func `neighbours of a subject, down and across`(
        size: (width: Int, height: Int), subject: Subject
    ) throws {
        let scene = try Scene(size.width, size.height)
        for distance in Self.distances {
            for unit in PixelUnit.allCases {
                for reduction in [Reduction.mean, .sum] {
                    let measure = VariationMeasure(
                        .neighbours(distance), reduction: reduction, unit: unit)
                    let value = try scene.loss(.variation(measure), subject: subject)
                    let p = scene.values(subject, unit)
                    let expected = [(1, 0), (0, 1)].reduce(0.0) { sum, step in
                        let d = differences(p, step)
                        return sum
                            + distance.value(
                                distance.sums.map { rule in
                                    let sum = d.reduce(0.0) { $0 + rule($1) }
                                    return reduction == .sum ? sum : sum / Double(max(1, d.count))
                                })
                    }
                    #expect(abs(value - expected) <= 1e-12 * max(1, expected), "\(measure)")
                }
            }
        }
    }

    // P[y + dy, x + dx] − P[y, x] where both are inside.
    private func differences(_ p: ReferenceFeatures, _ step: (dy: Int, dx: Int)) -> [Double] {
        var all: [Double] = []
        for c in 0..<3 {
            for y in 0..<p.height - step.dy {
                for x in 0..<p.width - step.dx {
                    all.append(p[c, y + step.dy, x + step.dx] - p[c, y, x])
                }
            }
        }
        return all
    }

    @Test(arguments: sizes, [0.5, 1, 1.25, 2])
    func `gradients to a power where a pixel has both neighbours`(
        size: (width: Int, height: Int), power: Double
    ) throws {
        let scene = try Scene(size.width, size.height)
        let value = try scene.loss(
            .variation(VariationMeasure(.gradient(power: power), reduction: .sum)))
        var expected = 0.0
        let p = scene.values(.output, .unit)
        for c in 0..<3 {
            for y in 0..<size.height - 1 {
                for x in 0..<size.width - 1 {
                    let (dx, dy) = (p[c, y, x + 1] - p[c, y, x], p[c, y + 1, x] - p[c, y, x])
                    let square = dx * dx + dy * dy
                    // Roots and products alone.
                    let root = square.squareRoot()
                    switch power {
                    case 0.5: expected += root
                    case 1: expected += square
                    case 1.25: expected += square * root.squareRoot()
                    default: expected += square * square
                    }
                }
            }
        }
        #expect(abs(value - expected) <= 1e-12 * max(1, expected))
    }

    @Test(arguments: sizes)
    func `nine points with repeated edges`(width: Int, height: Int) throws {
        let scene = try Scene(width, height)
        let value = try scene.loss(.variation(VariationMeasure(.ninePoint)))
        let p = scene.values(.output, .unit)
        func at(_ c: Int, _ y: Int, _ x: Int) -> Double {
            p[c, min(max(y, 0), height - 1), min(max(x, 0), width - 1)]
        }
        var (straight, diagonal) = (0.0, 0.0)
        for c in 0..<3 {
            for y in 0..<height {
                for x in 0..<width {
                    for (dy, dx) in [(0, 1), (1, 0)] {
                        let d = at(c, y + dy, x + dx) - at(c, y, x)
                        straight += d * d / Double(3 * height * width)
                    }
                }
            }
            for y in 0...height {
                for x in 0...width {
                    let falling = at(c, y, x) - at(c, y - 1, x - 1)
                    let rising = at(c, y, x - 1) - at(c, y - 1, x)
                    diagonal +=
                        (falling * falling + rising * rising)
                        / Double(3 * (height + 1) * (width + 1))
                }
            }
        }
        let expected = 2 * (straight / 3 + diagonal / 12)
        #expect(abs(value - expected) <= 1e-12 * max(1, expected))
    }
}
