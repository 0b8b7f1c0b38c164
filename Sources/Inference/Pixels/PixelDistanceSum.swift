/// A distance of pixels: `Σ w·f(s − t)` divided by `Σ v` (`PixelMeasure`).
final class PixelDistanceSum: PixelSum {
    private let measure: PixelMeasure
    private let subject: Subject
    private let factors: [Double]
    private let rules: [Pointwise]
    private var sums: [Double]
    private var divisor = 0.0
    // t − s of the current row
    private var differences: [Double] = []

    init(_ measure: PixelMeasure, _ subject: Subject, input: Preprocessing) {
        self.measure = measure
        self.subject = subject
        factors = measure.unit.factors(input)
        rules = measure.distance.sums
        sums = rules.map { _ in 0 }
    }

    func add(_ rows: PixelRows) {
        let values = subject == .output ? rows.output : rows.composite
        if differences.count != values.count {
            differences = Array(repeating: 0, count: values.count)
        }
        for x in 0..<rows.width {
            for i in 3 * x..<3 * x + 3 {
                differences[i] = factors[i - 3 * x] * (rows.target[i] - values[i])
            }
        }
        for (index, rule) in rules.enumerated() {
            // One loop a rule, without a switch inside.
            let sum =
                switch rule {
                case .absolute: self.sum(measure.region, rows) { abs($0) }
                case .squared: self.sum(measure.region, rows) { $0 * $0 }
                case .smoothL1, .charbonnier: self.sum(measure.region, rows) { rule($0) }
                }
            sums[index] += sum
        }
        if measure.divisor != .all { divisor += sum(measure.divisor, rows) { _ in 1 } }
    }

    func value(height: Int, width: Int) -> Double {
        let count = 3 * height * width
        let reduced = sums.map { sum in
            // Where a mask weighs nothing there is nothing to compare.
            if measure.divisor == .all || measure.reduction.divisor == .sum {
                return measure.reduction(
                    sum, elements: count, outer: height * width, pixels: height * width)
            }
            return sum == 0 ? 0 : sum / divisor
        }
        return measure.distance.value(reduced)
    }

    @inline(__always)
    private func sum(
        _ region: PixelRegion, _ rows: PixelRows, _ rule: (Double) -> Double
    ) -> Double {
        let (d, m, range) = (differences, rows.valid, 0..<differences.count)
        return switch region {
        case .all: pixelSum(range) { rule(d[$0]) }
        case .valid: pixelSum(range) { m[$0] * rule(d[$0]) }
        case .hole: pixelSum(range) { (1 - m[$0]) * rule(d[$0]) }
        }
    }

    /// The derivatives of the loss by each of its sums, once all rows have been added.
    private func slopes(height: Int, width: Int) -> [Double] {
        let count = 3 * height * width
        let unit: Double
        if measure.divisor == .all || measure.reduction.divisor == .sum {
            unit = measure.reduction(
                1, elements: count, outer: height * width, pixels: height * width)
        } else {
            unit = divisor > 0 ? 1 / divisor : 0
        }
        return measure.distance.slopes(sums.map { $0 * unit }).map { $0 * unit }
    }

    func makeSlope(height: Int, width: Int) -> any PixelSlope {
        PixelDistanceSlope(
            measure, subject, factors: factors,
            rules: Array(zip(rules, slopes(height: height, width: width))))
    }
}

/// The gradient of a distance of pixels: of each by its own difference.
private final class PixelDistanceSlope: PixelSlope {
    private let measure: PixelMeasure
    private let subject: Subject
    private let factors: [Double]
    private let rules: [(rule: Pointwise, slope: Double)]

    init(
        _ measure: PixelMeasure, _ subject: Subject, factors: [Double],
        rules: [(rule: Pointwise, slope: Double)]
    ) {
        self.measure = measure
        self.subject = subject
        self.factors = factors
        self.rules = rules
    }

    func add(_ rows: PixelRows, y: Int, times factor: Double, to gradient: GradientSum) {
        let values = subject == .output ? rows.output : rows.composite
        let start = 3 * rows.width * y
        for i in 0..<3 * rows.width {
            let scale = factors[i % 3]
            let d = scale * (values[i] - rows.target[i])
            var slope = rules.reduce(0) { $0 + $1.slope * $1.rule.slope(d) } * scale
            switch measure.region {
            case .all: break
            case .valid: slope *= rows.valid[i]
            case .hole: slope *= 1 - rows.valid[i]
            }
            gradient.add(factor * slope * rows.share(of: subject, i), at: start + i)
        }
    }

    func finish(times factor: Double, to gradient: GradientSum) {}
}
