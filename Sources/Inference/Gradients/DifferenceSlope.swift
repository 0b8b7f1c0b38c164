/// A gradient by the difference of two features, `factor · g′(scale · (F − T))`; or by that of features
/// at unit length over the channels of each pixel, with learned factors of the channels where there are.
package struct DifferenceSlope: Sendable {
    let rule: Pointwise
    let factor: Double
    let scale: Double
    let unit: ChannelUnit?
    /// Of features at unit length alone.
    let learned: LearnedLayer?
    /// What each position's gradient is multiplied by; nil for 1.
    let weights: PositionWeights?

    /// Adds one row of all channel blocks; `out` gives the place of each, [x][64].
    func add(
        row y: Int, of map: FeatureMap, _ target: FeatureMap, kernels: Kernels,
        workspace: Workspace, to out: (_ block: Int) -> UnsafeMutablePointer<Float>
    ) {
        let blocks = map.channels / Kernels.block
        if let unit {
            return add(
                row: y, of: map, target, unit, kernels: kernels, workspace: workspace, to: out)
        }
        for block in 0..<blocks {
            let (f, t) = (map.pixels(y, block: block), target.pixels(y, block: block))
            forEachRun(row: y, width: map.width) { columns, weight in
                let start = columns.lowerBound * Kernels.block
                kernels.addSlopes(
                    self, weight: weight, f + start, t + start,
                    count: columns.count * Kernels.block, to: out(block) + start)
            }
        }
    }

    // Columns of one weight: the row, or position by position those that have any.
    private func forEachRun(
        row y: Int, width: Int, _ body: (_ columns: Range<Int>, _ weight: Double) -> Void
    ) {
        guard let row = weights?.row(y) else { return body(0..<width, 1) }
        for x in 0..<width where row[x] != 0 { body(x..<x + 1, Double(row[x])) }
    }

    // With u = r·f, r a function of s = Σ f², and v = dL/du: dL/df = r·v + 2 r′(s) (Σ v f)·f.
    private func add(
        row y: Int, of map: FeatureMap, _ target: FeatureMap, _ unit: ChannelUnit,
        kernels: Kernels, workspace: Workspace,
        to out: (_ block: Int) -> UnsafeMutablePointer<Float>
    ) {
        let (blocks, width) = (map.channels / Kernels.block, map.width)
        let a = workspace.doubles(4 * width)
        let (b, squares, k) = (a + width, a + 2 * width, a + 3 * width)
        a.update(repeating: 0, count: 4 * width)
        for block in 0..<blocks {
            Float.addPixelSquares(kernels, map.pixels(y, block: block), width: width, to: squares)
            Float.addPixelSquares(kernels, target.pixels(y, block: block), width: width, to: b)
        }
        for x in 0..<width {
            a[x] = unit.slopeFactor(squares: squares[x])
            b[x] = unit.factor(squares: b[x])
        }
        let factors = (UnsafePointer(a), UnsafePointer(b))
        (learned?.factors ?? []).withUnsafeBufferPointer { learned in
            let channels = learned.isEmpty ? nil : learned.baseAddress
            for block in 0..<blocks {
                kernels.addUnitDots(
                    rule, map.pixels(y, block: block), target.pixels(y, block: block), factors,
                    weights: channels.map { $0 + block * Kernels.block }, width: width, to: k)
            }
            for x in 0..<width { k[x] *= -2 * unit.slope(squares: squares[x]) }
            for block in 0..<blocks {
                let (f, t) = (map.pixels(y, block: block), target.pixels(y, block: block))
                forEachRun(row: y, width: width) { columns, weight in
                    let (first, start) = (columns.lowerBound, columns.lowerBound * Kernels.block)
                    kernels.addUnitSlopes(
                        rule, factor: factor * weight, f + start, t + start,
                        (factors.0 + first, factors.1 + first), k: UnsafePointer(k + first),
                        weights: channels.map { $0 + block * Kernels.block },
                        width: columns.count, to: out(block) + start)
                }
            }
        }
    }
}

extension ChannelUnit {
    /// The factor as the gradient has it: 0 where the length has no derivative, at no features at all,
    /// where autograd of lpips answers NaN (richzhang/PerceptualSimilarity issue 69).
    func slopeFactor(squares: Double) -> Double {
        squares == 0 && !isInsideRoot ? 0 : factor(squares: squares)
    }

    /// The derivative of the factor by the sum of squares.
    func slope(squares: Double) -> Double {
        let factor = slopeFactor(squares: squares)
        if isInsideRoot { return -factor * factor * factor / 2 }
        return squares == 0 ? 0 : -factor * factor / (2 * squares.squareRoot())
    }
}

extension Pointwise {
    /// The derivative at d; that of |d| at 0 is 0, as PyTorch and TensorFlow have it.
    @inline(__always)
    package func slope(_ d: Double) -> Double {
        let sign: Double = d > 0 ? 1 : d < 0 ? -1 : 0
        switch self {
        case .absolute: return sign
        case .squared: return 2 * d
        case .smoothL1(let beta): return abs(d) < beta ? d / beta : sign
        case .charbonnier(let eps): return d / (d * d + eps).squareRoot()
        }
    }
    /// Adds a multiple of the derivatives at differences.
    func addSlopes(at differences: [Double], times factor: Double, to sum: inout [Double]) {
        // One loop a rule, without a switch inside.
        switch self {
        case .absolute:
            add(differences, to: &sum) { $0 > 0 ? factor : $0 < 0 ? -factor : 0 }
        case .squared:
            add(differences, to: &sum) { 2 * factor * $0 }
        case .smoothL1, .charbonnier:
            add(differences, to: &sum) { factor * slope($0) }
        }
    }

    @inline(__always)
    private func add(
        _ differences: [Double], to sum: inout [Double], _ slope: (Double) -> Double
    ) {
        differences.withUnsafeBufferPointer { differences in
            sum.withUnsafeMutableBufferPointer { sum in
                for i in sum.indices { sum[i] += slope(differences[i]) }
            }
        }
    }
}
