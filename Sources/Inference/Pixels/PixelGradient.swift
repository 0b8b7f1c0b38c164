/// The gradient of one term without layers, while rows go by.
protocol PixelSlope: AnyObject {
    /// Adds what the row at hand, y, makes known, times a factor, to the gradient by the output,
    /// (H, W, 3).
    func add(_ rows: PixelRows, y: Int, times factor: Double, to gradient: GradientSum)

    /// Adds what remains after the last row.
    func finish(times factor: Double, to gradient: GradientSum)
}

/// The gradient of the terms of one pair that need no network, by the output, RGB in [0, 1]. Equal
/// values have the slope 0, whatever the distance.
enum PixelGradient {
    /// Adds the gradients of terms, by their position in the loss, with the weights of gradients.
    /// - Parameter check: called before each row; what it throws ends the work.
    static func add(
        _ terms: Set<Int>, _ loss: Loss, _ pair: Pair, target: Image?, input: Preprocessing,
        to gradient: GradientSum, check: () throws(InferenceError) -> Void
    ) throws(InferenceError) {
        let (height, width) = (pair.output.height, pair.output.width)
        let sums = try PixelLosses.sums(loss, pair, target: target, input: input, check: check)
        let slopes =
            sums
            .filter { terms.contains($0.key) && loss.terms[$0.key].slopeWeight != 0 }
            .sorted { $0.key < $1.key }
            .map { (slope: $1.makeSlope(height: height, width: width), loss.terms[$0].slopeWeight) }
        guard !slopes.isEmpty else { return }
        let rows = PixelRows(output: pair.output, target: target, mask: pair.mask)
        for y in 0..<height {
            try check()
            rows.advance(to: y)
            for (slope, weight) in slopes { slope.add(rows, y: y, times: weight, to: gradient) }
        }
        for (slope, weight) in slopes { slope.finish(times: weight, to: gradient) }
    }
}
