/// The part of `Distance.structural` that looks at pixels: the moments of R, G and B of two images, a row
/// at a time.
final class StructuralPixelSum: PixelSum {
    private let structural: Structural
    private let measure: PixelMeasure
    private let subject: Subject
    // Of all rows so far, by channel.
    private var means = [0.0, 0, 0]
    private var targetMeans = [0.0, 0, 0]
    private var squares = [0.0, 0, 0]
    private var targetSquares = [0.0, 0, 0]
    private var products = [0.0, 0, 0]
    private var pixels = 0.0

    init(_ measure: PixelMeasure, _ structural: Structural, _ subject: Subject) {
        self.measure = measure
        self.structural = structural
        self.subject = subject
    }

    func add(_ rows: PixelRows) {
        let values = subject == .output ? rows.output : rows.composite
        let n = Double(rows.width)
        for c in 0..<3 {
            let places = stride(from: c, to: 3 * rows.width, by: 3)
            let mean = places.reduce(0) { $0 + values[$1] } / n
            let targetMean = places.reduce(0) { $0 + rows.target[$1] } / n
            var sums = (0.0, 0.0, 0.0)
            for i in places {
                let (a, b) = (values[i] - mean, rows.target[i] - targetMean)
                sums.0 += a * a
                sums.1 += b * b
                sums.2 += a * b
            }
            let (delta, targetDelta) = (mean - means[c], targetMean - targetMeans[c])
            let weight = n * pixels / (pixels + n)
            squares[c] += sums.0 + delta * delta * weight
            targetSquares[c] += sums.1 + targetDelta * targetDelta * weight
            products[c] += sums.2 + delta * targetDelta * weight
            means[c] += delta * n / (pixels + n)
            targetMeans[c] += targetDelta * n / (pixels + n)
        }
        pixels += n
    }

    private var moments: JointMoments {
        JointMoments(
            means: means, targetMeans: targetMeans, variances: squares.map { $0 / pixels },
            targetVariances: targetSquares.map { $0 / pixels },
            covariances: products.map { $0 / pixels }, positions: pixels)
    }

    func value(height: Int, width: Int) -> Double {
        measure.reduction(
            structural.sum(moments), elements: 3, outer: 1, pixels: height * width)
    }

    func makeSlope(height: Int, width: Int) -> any PixelSlope {
        let unit = measure.reduction(1, elements: 3, outer: 1, pixels: height * width)
        return StructuralPixelSlope(
            structural.slope(moments, factor: unit), subject)
    }
}

/// Its gradient, affine in both images.
private final class StructuralPixelSlope: PixelSlope {
    private let slope: Structural.Slope
    private let subject: Subject

    init(_ slope: Structural.Slope, _ subject: Subject) {
        self.slope = slope
        self.subject = subject
    }

    func add(_ rows: PixelRows, y: Int, times factor: Double, to sum: GradientSum) {
        let values = subject == .output ? rows.output : rows.composite
        let start = 3 * rows.width * y
        for i in 0..<3 * rows.width {
            let c = i % 3
            let value =
                slope.own[c] * (values[i] - slope.means[c])
                + slope.others[c] * (rows.target[i] - slope.targetMeans[c]) + slope.shift[c]
            sum.add(factor * value * rows.share(of: subject, i), at: start + i)
        }
    }

    func finish(times factor: Double, to sum: GradientSum) {}
}
