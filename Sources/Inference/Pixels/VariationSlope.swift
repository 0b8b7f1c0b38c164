import Glibc

/// The gradient of total variation: each row's neighbours and those between it and the row above it.
final class VariationSlope: PixelSlope {
    /// The derivatives by the sums that the loss is made of.
    enum Slopes {
        typealias Rules = [(rule: Pointwise, slope: Double)]
        case neighbours(vertical: Rules, horizontal: Rules)
        case gradient(power: Double, slope: Double)
        case ninePoint(straight: Double, diagonal: Double)
    }

    private let measure: VariationMeasure
    private let subject: Subject
    private let factors: [Double]
    private let slopes: Slopes
    private let count: Int
    // Of the current row and of the one above it: P, dP by the output, and the gradient by P.
    private var row: [Double]
    private var share: [Double]
    private var gradient: [Double]
    private var rowAbove: [Double]
    private var shareAbove: [Double]
    private var gradientAbove: [Double]
    private var y = -1

    init(
        _ measure: VariationMeasure, _ subject: Subject, factors: [Double], width: Int,
        _ slopes: Slopes
    ) {
        self.measure = measure
        self.subject = subject
        self.factors = factors
        self.slopes = slopes
        count = 3 * width
        row = Array(repeating: 0, count: count)
        (share, gradient, rowAbove, shareAbove, gradientAbove) = (row, row, row, row, row)
    }

    func add(_ rows: PixelRows, y: Int, times factor: Double, to sum: GradientSum) {
        swap(&row, &rowAbove)
        swap(&share, &shareAbove)
        swap(&gradient, &gradientAbove)
        self.y = y
        let values = subject == .output ? rows.output : rows.composite
        for i in 0..<count {
            let isThere = !measure.isInHole || rows.isNearHole[i / 3]
            share[i] = isThere ? factors[i % 3] * rows.share(of: subject, i) : 0
            row[i] = isThere ? values[i] * factors[i % 3] : 0
            gradient[i] = 0
        }
        switch slopes {
        case .neighbours(let vertical, let horizontal):
            addNeighbours(vertical, horizontal)
        case .gradient(let power, let slope):
            if y > 0 { addGradient(power, slope) }
        case .ninePoint(let straight, let diagonal):
            let rule = [(rule: Pointwise.squared, slope: straight)]
            addNeighbours(rule, rule)
            if y > 0 {
                addDiagonals(diagonal, isEdge: false)
            } else {
                addDiagonals(diagonal, isEdge: true)
            }
        }
        if y > 0 { flush(gradientAbove, shareAbove, y - 1, factor, sum) }
    }

    func finish(times factor: Double, to sum: GradientSum) {
        if case .ninePoint(_, let diagonal) = slopes { addDiagonals(diagonal, isEdge: true) }
        flush(gradient, share, y, factor, sum)
    }

    private func flush(
        _ gradient: [Double], _ share: [Double], _ y: Int, _ factor: Double, _ sum: GradientSum
    ) {
        for i in 0..<count { sum.add(factor * gradient[i] * share[i], at: y * count + i) }
    }

    private func addNeighbours(_ vertical: Slopes.Rules, _ horizontal: Slopes.Rules) {
        for (rule, slope) in horizontal where count > 3 {
            for i in 3..<count {
                let along = slope * rule.slope(row[i] - row[i - 3])
                gradient[i] += along
                gradient[i - 3] -= along
            }
        }
        for (rule, slope) in vertical where y > 0 {
            for i in 0..<count {
                let along = slope * rule.slope(row[i] - rowAbove[i])
                gradient[i] += along
                gradientAbove[i] -= along
            }
        }
    }

    private func addGradient(_ power: Double, _ slope: Double) {
        for i in 0..<max(0, count - 3) {
            let (dx, dy) = (rowAbove[i + 3] - rowAbove[i], row[i] - rowAbove[i])
            let square = dx * dx + dy * dy
            guard square > 0 else { continue }
            let along = 2 * slope * power * pow(square, power - 1)
            gradientAbove[i + 3] += along * dx
            gradient[i] += along * dy
            gradientAbove[i] -= along * (dx + dy)
        }
    }

    // Between the row and the one above it, or at an edge between the row and itself.
    private func addDiagonals(_ slope: Double, isEdge: Bool) {
        let width = count / 3
        for x in 0...width {
            let (left, right) = (3 * max(0, x - 1), 3 * min(width - 1, x))
            for c in 0..<3 {
                let (l, r) = (left + c, right + c)
                let falling = 2 * slope * (row[r] - (isEdge ? row[l] : rowAbove[l]))
                let rising = 2 * slope * (row[l] - (isEdge ? row[r] : rowAbove[r]))
                gradient[r] += falling
                gradient[l] += rising
                if isEdge {
                    gradient[l] -= falling
                    gradient[r] -= rising
                } else {
                    gradientAbove[l] -= falling
                    gradientAbove[r] -= rising
                }
            }
        }
    }
}
