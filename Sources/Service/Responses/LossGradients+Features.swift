import Inference

extension LossGradients {
    /// With respect to given features, layer by layer, in the order and the precision of their values.
    ///
    /// - Parameter gradients: by layer, then by sample.
    /// - Throws: `non_finite_result`.
    init(
        _ options: GradientOptions, _ layers: [(name: String, dimensions: FeatureDimensions)],
        _ gradients: [[FeatureTensor.Elements]], _ team: Team
    ) throws(ServiceError) {
        let samples = gradients.first?.count ?? 0
        let arrays = try team.map(layers.count * samples) { item throws(ServiceError) in
            let (layer, sample) = item.quotientAndRemainder(dividingBy: max(samples, 1))
            let array = try GradientArray(
                shape: layers[layer].dimensions.sampleSizes, gradients[layer][sample],
                times: options.cotangent(of: sample), as: options.dtype, checking: team.checkWanted)
            guard let array else {
                throw ServiceError(
                    .nonFiniteResult,
                    "The gradient of \(layers[layer].name) of sample \(sample) is not finite.")
            }
            return array
        }
        let layout = layers.first?.dimensions.layout.rawValue ?? ""
        self.init(
            options, variable: "output.<layer>, \(layout)",
            layers.enumerated().map { index, layer in
                Entry(
                    key: layer.name, suffix: ".\(layer.name)", shape: layer.dimensions.sizes,
                    arrays: Array(arrays[index * samples..<(index + 1) * samples]))
            })
    }

    /// Bytes that writing gradients with respect to features takes, and of the answer.
    static func bytes(
        _ outputs: [FeatureSource], _ options: GradientOptions
    ) -> (work: Int, answer: Int) {
        let values = outputs.bytes { source in
            source.dimensions.sizes.reduce(1) { $0.times($1) }.times(
                options.dtype == .float16 ? 2 : source.view.elementType == .float64 ? 8 : 4)
        }
        let samples = outputs.first?.dimensions.samples ?? 0
        return bytes(values.times(2), data: values, options, samples: samples.times(outputs.count))
    }
}

extension GradientArray {
    /// A gradient in the precision that it has, times a factor; nil unless it is finite.
    fileprivate init?(
        shape: [Int], _ elements: FeatureTensor.Elements, times factor: Double,
        as dtype: GradientOptions.DType?, checking check: () throws(ServiceError) -> Void
    ) throws(ServiceError) {
        switch elements {
        case .float32(var values):
            if factor != 1 {
                values = try values.map(checking: check) { Float(Double($0) * factor) }
            }
            try self.init(shape: shape, float32: values, as: dtype, checking: check)
        case .float64(var values):
            if factor != 1 { values = try values.map(checking: check) { $0 * factor } }
            try self.init(shape: shape, float64: values, as: dtype, checking: check)
        }
    }
}

extension FeatureDimensions {
    /// The dimensions of one sample.
    fileprivate var sampleSizes: [Int] {
        layout.rank == 4 || layout == .matrix ? Array(sizes.dropFirst()) : sizes
    }
}
