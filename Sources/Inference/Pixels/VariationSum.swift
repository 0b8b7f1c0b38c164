import Glibc

/// Total variation of the rows that are added (`VariationMeasure`).
final class VariationSum: PixelSum {
    private let measure: VariationMeasure
    private let subject: Subject
    private let factors: [Double]
    // P of the current row and of the one above it, (W,3).
    private var row: [Double]
    private var rowAbove: [Double]
    private var isFirst = true
    // Sums over vertical and horizontal neighbours, of the rules of a distance or of the squares of a
    // stencil; over both diagonals; and over pixels with two neighbours.
    private var vertical: [Double]
    private var horizontal: [Double]
    private var diagonals = 0.0
    private var gradient = 0.0
    private let rules: [Pointwise]

    init(_ measure: VariationMeasure, _ subject: Subject, width: Int, input: Preprocessing) {
        self.measure = measure
        self.subject = subject
        factors = measure.unit.factors(input)
        row = Array(repeating: 0, count: 3 * width)
        rowAbove = row
        rules =
            switch measure.kind {
            case .neighbours(let distance): distance.sums
            case .gradient, .ninePoint: [.squared]
            }
        vertical = rules.map { _ in 0 }
        horizontal = vertical
    }

    func add(_ rows: PixelRows) {
        swap(&row, &rowAbove)
        let values = subject == .output ? rows.output : rows.composite
        for x in 0..<rows.width {
            let isThere = !measure.isInHole || rows.isNearHole[x]
            for i in 3 * x..<3 * x + 3 {
                row[i] = isThere ? values[i] * factors[i - 3 * x] : 0
            }
        }
        let (here, above) = (row, rowAbove)
        let count = 3 * rows.width
        for (index, rule) in rules.enumerated() {
            horizontal[index] += pixelSum(3..<count) { rule(here[$0] - here[$0 - 3]) }
            if !isFirst {
                vertical[index] += pixelSum(0..<count) { rule(here[$0] - above[$0]) }
            }
        }
        switch measure.kind {
        case .neighbours: break
        case .gradient(let power):
            if !isFirst {
                gradient += pixelSum(0..<count - 3) { i in
                    let (dx, dy) = (above[i + 3] - above[i], here[i] - above[i])
                    return powered(dx * dx + dy * dy, power)
                }
            }
        case .ninePoint: diagonals += diagonalSum(here, isFirst ? here : above)
        }
        isFirst = false
    }

    func value(height: Int, width: Int) -> Double {
        let (h, w) = (height, width)
        switch measure.kind {
        case .neighbours(let distance):
            return direction(distance, vertical, 3 * (h - 1) * w, h, w)
                + direction(distance, horizontal, 3 * h * (w - 1), h, w)
        case .gradient:
            return reduced(gradient, 3 * (h - 1) * (w - 1), h, w)
        case .ninePoint:
            let straight =
                reduced(vertical[0], 3 * h * w, h, w) + reduced(horizontal[0], 3 * h * w, h, w)
            // The last row is repeated below itself.
            let diagonals = reduced(
                diagonals + diagonalSum(row, row), 3 * (h + 1) * (w + 1), h, w)
            return 2 * (straight / 3 + diagonals / 12)
        }
    }

    func makeSlope(height: Int, width: Int) -> any PixelSlope {
        let (h, w) = (height, width)
        let unit = { (count: Int) in self.reduced(1, count, h, w) }
        let slopes: VariationSlope.Slopes
        switch measure.kind {
        case .neighbours(let distance):
            let along = { (sums: [Double], count: Int) in
                let reduced = sums.map { $0 * unit(count) }
                return Array(zip(distance.sums, distance.slopes(reduced).map { $0 * unit(count) }))
            }
            slopes = .neighbours(
                vertical: along(vertical, 3 * (h - 1) * w),
                horizontal: along(horizontal, 3 * h * (w - 1)))
        case .gradient(let power):
            slopes = .gradient(power: power, slope: unit(3 * (h - 1) * (w - 1)))
        case .ninePoint:
            slopes = .ninePoint(
                straight: 2 * unit(3 * h * w) / 3, diagonal: unit(3 * (h + 1) * (w + 1)) / 6)
        }
        return VariationSlope(measure, subject, factors: factors, width: width, slopes)
    }

    private func direction(
        _ distance: Distance, _ sums: [Double], _ count: Int, _ height: Int, _ width: Int
    ) -> Double {
        distance.value(sums.map { reduced($0, count, height, width) })
    }

    private func reduced(_ sum: Double, _ count: Int, _ height: Int, _ width: Int) -> Double {
        measure.reduction(
            sum, elements: max(1, count), outer: max(1, count / 3), pixels: height * width)
    }

    // Of two neighbouring rows, edges repeated on either side: W + 1 pairs of columns.
    private func diagonalSum(_ here: [Double], _ above: [Double]) -> Double {
        let width = here.count / 3
        var sum = 0.0
        for x in 0...width {
            let (left, right) = (3 * max(0, x - 1), 3 * min(width - 1, x))
            for c in 0..<3 {
                let falling = here[right + c] - above[left + c]
                let rising = here[left + c] - above[right + c]
                sum += falling * falling + rising * rising
            }
        }
        return sum
    }
}

/// `value` to a power, which is a product of roots for the powers there are.
private func powered(_ value: Double, _ power: Double) -> Double {
    power == 1.25 ? value * value.squareRoot().squareRoot() : power == 1 ? value : pow(value, power)
}
