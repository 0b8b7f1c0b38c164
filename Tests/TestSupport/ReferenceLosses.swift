import Inference

/// The slow twins of the losses: the formulas as they are written, in double precision.
public enum ReferenceLosses {
    /// The Gram matrix of features, C × C in row-major order.
    public static func gram(_ features: ReferenceFeatures, _ kind: GramKind) -> [Double] {
        let (order, positions) = (features.channels, features.height * features.width)
        var rows = (0..<order).map {
            Array(features.values[$0 * positions..<($0 + 1) * positions])
        }
        if kind.isCentred {
            rows = rows.map { row in
                let mean = row[0] + row.reduce(0) { $0 + ($1 - row[0]) } / Double(positions)
                return row.map { $0 - mean }
            }
        }
        var products = [Double](repeating: 0, count: order * order)
        for i in 0..<order {
            for j in 0..<order {
                products[i * order + j] = zip(rows[i], rows[j]).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
        switch kind {
        case .raw: return products
        case .normalized: return products.map { $0 / Double(order * positions) }
        case .covariance: return products.map { $0 / Double(positions) }
        case .correlation:
            let sigmas = (0..<order).map { products[$0 * order + $0].squareRoot() }
            return products.indices.map { index in
                let scale = sigmas[index / order] * sigmas[index % order]
                return scale == 0 ? 0 : products[index] / scale
            }
        }
    }

    /// `mean |a − b|`.
    public static func l1(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(a.count)
    }

    /// pixel_valid, pixel_hole and tv of planes in [0, 1]; the mask has three planes, 1 valid.
    public static func pixelTerms(
        output: ReferenceFeatures, target: ReferenceFeatures, mask: ReferenceFeatures
    ) -> (valid: Double, hole: Double, tv: Double) {
        let valid = l1(times(mask.values, target.values), times(mask.values, output.values))
        let holes = mask.values.map { 1 - $0 }
        let hole = l1(times(holes, target.values), times(holes, output.values))
        let composite = zip(times(mask.values, target.values), times(holes, output.values))
            .map { $0.0 + $0.1 }
        var masked = target
        masked.values = composite
        for y in 0..<target.height {
            for x in 0..<target.width where !isNearHole(mask, y, x) {
                for c in 0..<3 {
                    masked.values[(c * target.height + y) * target.width + x] = 0
                }
            }
        }
        return (valid, hole, totalVariation(masked))
    }

    // The convolution with ones over the 3×3 neighbourhood and all channels is above 0.
    private static func isNearHole(_ mask: ReferenceFeatures, _ y: Int, _ x: Int) -> Bool {
        var sum = 0.0
        for row in max(0, y - 1)...min(mask.height - 1, y + 1) {
            for column in max(0, x - 1)...min(mask.width - 1, x + 1) {
                for c in 0..<3 {
                    sum += 1 - mask[c, row, column]
                }
            }
        }
        return sum > 0
    }

    private static func totalVariation(_ p: ReferenceFeatures) -> Double {
        var (vertical, horizontal) = (0.0, 0.0)
        for c in 0..<p.channels {
            for y in 0..<p.height {
                for x in 0..<p.width {
                    if y + 1 < p.height { vertical += abs(p[c, y + 1, x] - p[c, y, x]) }
                    if x + 1 < p.width { horizontal += abs(p[c, y, x + 1] - p[c, y, x]) }
                }
            }
        }
        // A side of 1 has no steps, and a mean over nothing is 0.
        return vertical / Double(max(1, p.channels * (p.height - 1) * p.width))
            + horizontal / Double(max(1, p.channels * p.height * (p.width - 1)))
    }

    private static func times(_ a: [Double], _ b: [Double]) -> [Double] {
        zip(a, b).map { $0.0 * $0.1 }
    }
}
