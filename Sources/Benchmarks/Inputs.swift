import Inference

/// Bytes of a linear congruential generator (Knuth's MMIX constants).
func noiseBytes(_ count: Int, seed: Int) -> [UInt8] {
    var state = UInt64(seed) &+ 0x9E37_79B9
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(state >> 56)
    }
}

func noise(_ height: Int, _ width: Int, seed: Int) -> Image {
    Image(
        width: width, height: height, channels: 3, uint8: noiseBytes(3 * height * width, seed: seed)
    )
}

/// A network with weights of He's variance: the speed does not depend on them.
func generatedNetwork(_ architecture: Architecture) throws -> Network {
    var tensors: [WeightTensor] = []
    for layer in VGG.convolutions(architecture) {
        let deviation = (2 / Float(9 * layer.inChannels)).squareRoot()
        let kernels = noiseBytes(layer.outChannels * layer.inChannels * 9, seed: layer.featureIndex)
            .map { (Float($0) / 127.5 - 1) * deviation * 1.7 }
        let stem = "features.\(layer.featureIndex)"
        tensors.append(
            tensor("\(stem).weight", [layer.outChannels, layer.inChannels, 3, 3], kernels))
        tensors.append(
            tensor(
                "\(stem).bias", [layer.outChannels], [Float](repeating: 0, count: layer.outChannels)
            ))
    }
    return try Network(
        name: "generated", sha256: "", tensors: tensors, metadata: [:], preprocessing: .torchvision)
}

// The bytes live as long as the process, which needs them to its end.
private func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> WeightTensor {
    let bytes = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
    _ = bytes.initialize(from: values)
    return WeightTensor(
        name: name, elementType: .float32, shape: shape,
        bytes: UnsafeRawBufferPointer(bytes), owner: nil)
}
