import Inference

/// The slow twin of the way back: transposes of direct loops, in double precision.
public struct ReferenceGradients {
    private let network: Network
    private let variant: NetworkVariant
    /// Of every convolution walked: its output, before the ReLU.
    public private(set) var outputs: [ReferenceFeatures] = []
    private var inputs: [ReferenceFeatures] = []

    /// Walks an image to a tap.
    public init(_ image: Image, network: Network, variant: NetworkVariant, through tap: Tap) {
        self.network = network
        self.variant = variant
        var current = ReferenceLayers.preprocess(
            ReferenceFeatures(image), network.preprocessing)
        for (index, layer) in network.convolutions.enumerated() {
            inputs.append(current)
            let output = ReferenceLayers.convolution(
                current, weights: layer.weights.floats().map(Double.init),
                bias: layer.bias.map(Double.init),
                padding: ReferencePadding(variant.padding, convolution: index))
            outputs.append(output)
            if [layer.shape.convTap, layer.shape.reluTap, layer.shape.poolTap].contains(tap) {
                return
            }
            current = ReferenceLayers.relu(output)
            if layer.shape.isFollowedByPool { current = ReferencePools.pool(current, variant) }
        }
    }

    /// The gradient at the image, RGB in [0, 1], for gradients at taps. Decisions are those of a tape
    /// where one is given, else those of double precision.
    public func gradient(
        _ cotangents: [Tap: ReferenceFeatures], tape: Tape? = nil
    ) -> ReferenceFeatures {
        // At the output of the convolution at hand, after its ReLU or its pool.
        var leaving: ReferenceFeatures?
        for index in outputs.indices.reversed() {
            let layer = network.convolutions[index]
            let relu = ReferenceLayers.relu(outputs[index])
            var afterReLU = leaving
            if layer.shape.isFollowedByPool, let pool = layer.shape.poolTap {
                let pooled = sum(leaving, cotangents[pool])
                afterReLU = pooled.map { unpool($0, relu, index, tape) }
            }
            afterReLU = sum(afterReLU, cotangents[layer.shape.reluTap])
            let passed = afterReLU.map { pass($0, index, tape) }
            guard let output = sum(passed, cotangents[layer.shape.convTap]) else { continue }
            leaving = Self.transposedConvolution(
                output, weights: layer.weights.floats().map(Double.init),
                padding: ReferencePadding(variant.padding, convolution: index))
        }
        return image(leaving ?? inputs[0])
    }

    private func sum(
        _ a: ReferenceFeatures?, _ b: ReferenceFeatures?
    ) -> ReferenceFeatures? {
        guard var a, let b else { return a ?? b }
        for i in a.values.indices { a.values[i] += b.values[i] }
        return a
    }

    // The tape's maxima are alive already: of a pooled layer its ReLU passes whatever comes.
    private func pass(_ d: ReferenceFeatures, _ index: Int, _ tape: Tape?) -> ReferenceFeatures {
        var result = d
        var i = 0
        for c in 0..<d.channels {
            for y in 0..<d.height {
                for x in 0..<d.width {
                    let own = outputs[index].values[i] > 0
                    let isAlive =
                        tape.map {
                            $0.isAlive(convolution: index, channel: c, y: y, x: x)
                                ?? $0.isMaximum(convolution: index, channel: c, y: y, x: x) ?? own
                        } ?? own
                    if !isAlive { result.values[i] = 0 }
                    i += 1
                }
            }
        }
        return result
    }

    private func unpool(
        _ d: ReferenceFeatures, _ relu: ReferenceFeatures, _ index: Int, _ tape: Tape?
    ) -> ReferenceFeatures {
        var result = ReferenceFeatures(
            channels: relu.channels, height: relu.height, width: relu.width)
        for c in 0..<d.channels {
            for y in 0..<d.height {
                for x in 0..<d.width {
                    let window = ReferencePools.window(
                        of: relu, c, y, x, isHann: variant.pooling == .l2Hann)
                    let isMaximum = tape.flatMap { tape in
                        tape.isMaximum(convolution: index, channel: c, y: 0, x: 0).map { _ in
                            { (y: Int, x: Int) in
                                tape.isMaximum(convolution: index, channel: c, y: y, x: x) ?? false
                            }
                        }
                    }
                    let slopes = ReferencePools.slopes(window, variant.pooling, isMaximum)
                    for (pixel, slope) in zip(window, slopes) {
                        let at = (c * relu.height + pixel.y) * relu.width + pixel.x
                        result.values[at] += slope * d[c, y, x]
                    }
                }
            }
        }
        return result
    }

    /// Scatters each output's gradient to the nine inputs it was made of.
    public static func transposedConvolution(
        _ output: ReferenceFeatures, weights: [Double], padding: ReferencePadding = .zero
    ) -> ReferenceFeatures {
        let (height, width) = (output.height, output.width)
        let channels = weights.count / 9 / output.channels
        var padded = ReferenceFeatures(channels: channels, height: height + 2, width: width + 2)
        output.values.withUnsafeBufferPointer { source in
            padded.values.withUnsafeMutableBufferPointer { sink in
                for oc in 0..<output.channels {
                    for ic in 0..<channels {
                        for tap in 0..<9 {
                            let weight = weights[(oc * channels + ic) * 9 + tap]
                            for y in 0..<height {
                                let from = (oc * height + y) * width
                                let to = (ic * (height + 2) + y + tap / 3) * (width + 2) + tap % 3
                                for x in 0..<width { sink[to + x] += weight * source[from + x] }
                            }
                        }
                    }
                }
            }
        }
        return padding.fold(padded)
    }

    private func image(_ input: ReferenceFeatures) -> ReferenceFeatures {
        var result = input
        let preprocessing = network.preprocessing
        let positions = input.height * input.width
        for c in 0..<3 {
            let source = preprocessing.isBGR ? 2 - c : c
            let factor = Double(preprocessing.scale) / Double(preprocessing.std[c])
            for n in 0..<positions {
                result.values[source * positions + n] = input.values[c * positions + n] * factor
            }
        }
        return result
    }
}
