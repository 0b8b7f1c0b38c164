import Inference

/// The slow twins of the layers: direct loops in double precision.
public enum ReferenceLayers {
    /// A 3×3 cross-correlation of stride 1; `weights` is (O, I, 3, 3), `bias` (O). What lies outside the
    /// input is what `padded` puts there.
    public static func convolution(
        _ input: ReferenceFeatures, weights: [Double], bias: [Double],
        padding: ReferencePadding = .zero
    ) -> ReferenceFeatures {
        precondition(weights.count == bias.count * input.channels * 9)
        let (height, width) = (input.height, input.width)
        let padded = padding.pad(input)
        var output = ReferenceFeatures(channels: bias.count, height: height, width: width)
        // One iteration adds one shifted and scaled input row to one output row.
        padded.values.withUnsafeBufferPointer { source in
            output.values.withUnsafeMutableBufferPointer { sink in
                for oc in 0..<bias.count {
                    for i in oc * height * width..<(oc + 1) * height * width {
                        sink[i] = bias[oc]
                    }
                    for ic in 0..<input.channels {
                        for tap in 0..<9 {
                            let weight = weights[(oc * input.channels + ic) * 9 + tap]
                            for y in 0..<height {
                                let row = ic * (height + 2) + y + tap / 3
                                let from = row * (width + 2) + tap % 3
                                let to = (oc * height + y) * width
                                for x in 0..<width { sink[to + x] += weight * source[from + x] }
                            }
                        }
                    }
                }
            }
        }
        return output
    }

    /// max(x, 0).
    public static func relu(_ input: ReferenceFeatures) -> ReferenceFeatures {
        var output = input
        for i in output.values.indices {
            output.values[i] = max(0, output.values[i])
        }
        return output
    }

    /// `(x·scale − mean)/std` in the network's channel order, from RGB planes in [0, 1].
    public static func preprocess(
        _ rgb: ReferenceFeatures, _ preprocessing: Preprocessing
    ) -> ReferenceFeatures {
        var output = rgb
        let positions = rgb.height * rgb.width
        for c in 0..<3 {
            let source = preprocessing.isBGR ? 2 - c : c
            let (mean, std) = (Double(preprocessing.mean[c]), Double(preprocessing.std[c]))
            for n in 0..<positions {
                let x = rgb.values[source * positions + n] * Double(preprocessing.scale)
                output.values[c * positions + n] = (x - mean) / std
            }
        }
        return output
    }

    /// The features of an image at the taps asked for; the walk ends at the last of them.
    public static func walk(
        _ image: Image, through network: Network, taps: Set<Tap>, variant: NetworkVariant? = nil
    ) -> [Tap: ReferenceFeatures] {
        let variant = variant ?? network.defaultVariant
        var features: [Tap: ReferenceFeatures] = [:]
        var current = preprocess(ReferenceFeatures(image), network.preprocessing)
        for (index, layer) in network.convolutions.enumerated() where features.count < taps.count {
            func keep(_ tap: Tap?) {
                if let tap, taps.contains(tap) { features[tap] = current }
            }
            current = convolution(
                current, weights: layer.weights.floats().map(Double.init),
                bias: layer.bias.map(Double.init),
                padding: ReferencePadding(variant.padding, convolution: index))
            keep(layer.shape.convTap)
            current = relu(current)
            keep(layer.shape.reluTap)
            if let pool = layer.shape.poolTap {
                current = ReferencePools.pool(current, variant)
                keep(pool)
            }
        }
        return features
    }
}
