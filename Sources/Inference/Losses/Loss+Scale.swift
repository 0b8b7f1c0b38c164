import Glibc

extension Preprocessing {
    /// How large the network's input is for each unit of x in [0, 1]: scale divided by the mean
    /// deviation.
    public var inputScale: Double {
        // Constants as they were written down: 0.229, not the double nearest to it as a float.
        let deviations = std.map { Double($0.description) ?? Double($0) }
        return Double(scale) * Double(std.count) / deviations.reduce(0, +)
    }
}

extension Loss {
    /// The scale of input that the weights of the terms were set for; nil where nothing says so.
    public var definedScale: Double? {
        if let input { return input.inputScale }
        if let inputScale { return inputScale }
        return network.weights.map { $0.preprocessing.inputScale }
    }

    /// The same loss with weights of terms for a network that is fed with larger or smaller numbers
    /// than the loss was defined for, and how many times as large; nil where there is nothing to do.
    ///
    /// Features of a ReLU network grow with its input, so a term of degree n in the features grows by
    /// the n-th power of the scale, and its weight is divided by that.
    public func rescaled(for weights: Preprocessing) -> (loss: Loss, scale: Double)? {
        guard let definedScale else { return nil }
        let scale = (input ?? weights).inputScale / definedScale
        // Constants in single precision differ in their last digits.
        guard abs(scale - 1) > 1e-6 else { return nil }
        var loss = self
        for index in terms.indices {
            let divisor = power(scale, terms[index].measure.degree)
            loss.terms[index].weight /= divisor
            loss.terms[index].gradientWeight = terms[index].gradientWeight.map { $0 / divisor }
        }
        return (loss, scale)
    }

    // 57.6 to the power of 4 as a product, and not by logarithms.
    private func power(_ base: Double, _ exponent: Double) -> Double {
        var result = 1.0
        for _ in 0..<Int(exponent) { result *= base }
        return exponent == exponent.rounded(.down) ? result : pow(base, exponent)
    }
}

extension LossNetwork.Weights {
    /// What the weights were trained with.
    public var preprocessing: Preprocessing {
        switch self {
        case .caffe: .caffe
        case .torchvision: .torchvision
        }
    }
}

extension Measure {
    /// The power of s by which the measure grows when the network's input does by s.
    var degree: Double {
        switch self {
        case .features(let measure): Double(measure.degree)
        case .pixels(let measure): measure.unit == .unit ? 0 : Double(measure.distance.degree)
        case .variation(let measure):
            switch measure.kind {
            case _ where measure.unit == .unit: 0
            case .neighbours(let distance): Double(distance.degree)
            case .gradient(let power): 2 * power
            case .ninePoint: 2
            }
        }
    }
}
