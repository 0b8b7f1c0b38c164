import Inference

/// Networks for tests that do not care about the values of weights.
public enum TestNetworks {
    /// A VGG-16 with generated weights and torchvision's preprocessing.
    public static let vgg16 = generated(.vgg16, seed: 7)

    /// A network with generated weights.
    public static func generated(
        _ architecture: Architecture, seed: UInt64,
        elementType: WeightTensor.ElementType = .float32,
        preprocessing: Preprocessing = .torchvision
    ) -> Network {
        let tensors = GeneratedWeights.tensors(
            architecture, seed: seed, elementType: elementType)
        do {
            return try Network(
                name: "generated", sha256: "", tensors: tensors, metadata: [:],
                preprocessing: preprocessing)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// An image of 8-bit RGB noise, different for every seed.
    public static func image(width: Int, height: Int, seed: Int = 0) -> Image {
        Image(
            width: width, height: height, channels: 3,
            uint8: noise(count: 3 * width * height, seed: seed))
    }

    /// Bytes of a linear congruential generator (Knuth's MMIX constants).
    public static func noise(count: Int, seed: Int) -> [UInt8] {
        var state = UInt64(seed) &+ 0x9E37_79B9
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(state >> 56)
        }
    }
}
