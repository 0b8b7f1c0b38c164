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
}
