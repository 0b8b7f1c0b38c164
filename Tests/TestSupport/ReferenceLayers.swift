import Inference

/// The slow twins of the layers: direct loops in double precision.
public enum ReferenceLayers {
    /// A 3×3 cross-correlation with zero padding 1; `weights` is (O, I, 3, 3), `bias` (O).
    public static func convolution(
        _ input: ReferenceFeatures, weights: [Double], bias: [Double]
    ) -> ReferenceFeatures {
        precondition(weights.count == bias.count * input.channels * 9)
        let (height, width) = (input.height, input.width)
        var output = ReferenceFeatures(channels: bias.count, height: height, width: width)
        // One iteration adds one shifted and scaled input row to one output row.
        input.values.withUnsafeBufferPointer { source in
            output.values.withUnsafeMutableBufferPointer { sink in
                for oc in 0..<bias.count {
                    for i in oc * height * width..<(oc + 1) * height * width {
                        sink[i] = bias[oc]
                    }
                    for ic in 0..<input.channels {
                        for tap in 0..<9 {
                            let weight = weights[(oc * input.channels + ic) * 9 + tap]
                            let (dy, dx) = (tap / 3 - 1, tap % 3 - 1)
                            for y in max(0, -dy)..<max(max(0, -dy), min(height, height - dy)) {
                                let from = (ic * height + y + dy) * width + dx
                                let to = (oc * height + y) * width
                                for x in max(0, -dx)..<max(max(0, -dx), min(width, width - dx)) {
                                    sink[to + x] += weight * source[from + x]
                                }
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

    /// The 2×2 maximum of stride 2, sizes rounded down.
    public static func maxPool(_ input: ReferenceFeatures) -> ReferenceFeatures {
        var output = ReferenceFeatures(
            channels: input.channels, height: input.height / 2, width: input.width / 2)
        var i = 0
        for c in 0..<output.channels {
            for y in 0..<output.height {
                for x in 0..<output.width {
                    let upper = max(input[c, 2 * y, 2 * x], input[c, 2 * y, 2 * x + 1])
                    let lower = max(input[c, 2 * y + 1, 2 * x], input[c, 2 * y + 1, 2 * x + 1])
                    output.values[i] = max(upper, lower)
                    i += 1
                }
            }
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
        _ image: Image, through network: Network, taps: Set<Tap>
    ) -> [Tap: ReferenceFeatures] {
        var features: [Tap: ReferenceFeatures] = [:]
        var current = preprocess(ReferenceFeatures(image), network.preprocessing)
        for layer in network.convolutions where features.count < taps.count {
            func keep(_ tap: Tap?) {
                if let tap, taps.contains(tap) { features[tap] = current }
            }
            current = convolution(
                current, weights: layer.weights.floats().map(Double.init),
                bias: layer.bias.map(Double.init))
            keep(layer.shape.convTap)
            current = relu(current)
            keep(layer.shape.reluTap)
            if let pool = layer.shape.poolTap {
                current = maxPool(current)
                keep(pool)
            }
        }
        return features
    }
}
