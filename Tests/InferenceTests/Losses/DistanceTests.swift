import Inference
import TestSupport
import Testing

/// Rules, distances and reductions by themselves, with numbers that a hand can check.
struct DistanceTests {
    private static let values: [(Pointwise, Double, Double)] = [
        (.absolute, -3, 3), (.absolute, 0, 0), (.squared, -3, 9),
        (.smoothL1(beta: 2), 1, 0.25), (.smoothL1(beta: 2), 2, 1), (.smoothL1(beta: 2), -5, 4),
        (.charbonnier(eps: 16), 3, 5), (.charbonnier(eps: 0.25), 0, 0.5),
    ]

    @Test(arguments: values)
    func `a rule at a difference`(rule: Pointwise, d: Double, expected: Double) {
        #expect(rule(d) == expected && rule(-d) == expected)
    }

    private static let rules: [Pointwise] = [
        .absolute, .squared, .smoothL1(beta: 0.7), .charbonnier(eps: 0.01),
    ]

    @Test(arguments: rules, [0.25, 1, 3.5])
    func `a rule of scaled features is a factor times a rule of the features`(
        rule: Pointwise, scale: Double
    ) {
        let (scaled, factor) = rule.scaled(by: scale)
        for d in stride(from: -3.0, through: 3, by: 0.125) {
            #expect(abs(factor * scaled(d) - rule(scale * d)) < 1e-14)
        }
    }

    @Test(arguments: rules)
    func `a slope is what the rule rises by`(rule: Pointwise) {
        for d in stride(from: -2.05, through: 2.05, by: 0.1) {
            let h = 1e-6
            let risen = (rule(d + h) - rule(d - h)) / (2 * h)
            #expect(abs(rule.slope(d) - risen) < 1e-6, "\(rule) at \(d)")
        }
        #expect(rule.slope(0) == 0)
    }

    // Sums of d = 3, −4 over 2 rows of 1: |d| 7, d² 25.
    private static let sums: [(Distance, [Double], Double)] = [
        (.l1, [7], 7), (.squared, [25], 25), (.l2, [25], 5), (.smoothL1(beta: 1), [6], 6),
        (.charbonnier(eps: 0), [7], 7), (.scaledSquared(eps: 3), [25, 7], 2.5),
    ]

    @Test(arguments: sums)
    func `a distance is made of sums over elements`(
        distance: Distance, sums: [Double], value: Double
    ) {
        let found = distance.sums.map { rule in [3.0, -4].reduce(0) { $0 + rule($1) } }
        #expect(found == sums)
        #expect(distance.value(sums) == value)
    }

    private static let sloped: [(Distance, [Double])] = [
        (.l2, [9]), (.scaledSquared(eps: 0.5), [4, 3]), (.l1, [2]),
    ]

    @Test(arguments: sloped)
    func `a distance's slopes are by its sums`(distance: Distance, sums: [Double]) {
        let slopes = distance.slopes(sums)
        #expect(slopes.count == sums.count)
        for i in sums.indices {
            var (more, less) = (sums, sums)
            (more[i], less[i]) = (sums[i] + 1e-6, sums[i] - 1e-6)
            let risen = (distance.value(more) - distance.value(less)) / 2e-6
            #expect(abs(slopes[i] - risen) < 1e-8)
        }
    }

    @Test func `the root of nothing has no slope`() {
        #expect(Distance.l2.slopes([0]) == [0])
    }

    @Test func `the Wasserstein distance has no sums over elements`() {
        #expect(Distance.wasserstein.sums.isEmpty)
    }

    // 12 elements in 4 rows, of an image of 10 pixels.
    private static let reductions: [(Reduction, Double)] = [
        (.mean, 2), (.sum, 24), (Reduction(.sumOfChannels), 6),
        (Reduction(.sum, factor: 0.5), 12), (Reduction(.sum, imagePower: -2), 0.24),
        (Reduction(.mean, factor: 3, imagePower: 1), 60),
    ]

    @Test(arguments: reductions)
    func `a reduction divides by what it says`(reduction: Reduction, expected: Double) {
        let value = reduction(24, elements: 12, outer: 4, pixels: 10)
        #expect(abs(value - expected) < 1e-15 * expected)
    }

    @Test func `units bring a pixel to length one, and leave nothing nothing`() {
        let outside = ChannelUnit(eps: 1e-10, isInsideRoot: false)
        let inside = ChannelUnit(eps: 1e-8, isInsideRoot: true)
        for unit in [outside, inside] {
            #expect(abs(unit.factor(squares: 25) * 5 - 1) < 1e-9)
            #expect(unit.factor(squares: 0).isFinite)
        }
        // Where the vector is short, the place of ε decides: 1 or √½.
        #expect(abs(outside.factor(squares: 1e-8) * 1e-4 - 1) < 2e-6)
        #expect(abs(inside.factor(squares: 1e-8) * 1e-4 - 0.5.squareRoot()) < 1e-12)
    }
}
