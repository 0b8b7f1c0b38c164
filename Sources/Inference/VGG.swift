/// The two networks of Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale
/// Image Recognition" (arXiv:1409.1556), table 1: configuration D has 13 convolutions, E has 16.
public enum Architecture: String, Sendable, CaseIterable {
    /// Configuration D.
    case vgg16
    /// Configuration E.
    case vgg19
}

/// The shape and the names of one 3×3 convolution: stride 1, a border of one pixel, a bias and a ReLU.
public struct ConvolutionShape: Sendable, Equatable {
    /// The block, 1…5.
    public let block: Int
    /// The position within the block, from 1.
    public let index: Int
    /// Input channels.
    public let inChannels: Int
    /// Output channels.
    public let outChannels: Int
    /// Whether the block's pool follows.
    public let isFollowedByPool: Bool
    /// The N of torchvision's `features.N.weight`.
    public let featureIndex: Int

    /// The Caffe name, such as `conv3_2`.
    public var name: String { "conv\(block)_\(index)" }
    /// The convolution with its bias, before the ReLU.
    public var convTap: Tap { Tap(.conv, block, index) }
    /// The features after the ReLU.
    public var reluTap: Tap { Tap(.relu, block, index) }
    /// The features after the pool, where one follows.
    public var poolTap: Tap? { isFollowedByPool ? Tap(.pool, block, 0) : nil }
}

/// The tables of the architectures: what the layers are and what can be tapped.
public enum VGG {
    /// The convolutions in network order.
    public static func convolutions(_ architecture: Architecture) -> [ConvolutionShape] {
        architecture == .vgg16 ? convolutions16 : convolutions19
    }

    /// Every tap in network order: `conv1_1`, `relu1_1`, … `pool5`.
    public static func taps(_ architecture: Architecture) -> [Tap] {
        architecture == .vgg16 ? taps16 : taps19
    }

    /// The position of a tap in the network, or nil when the architecture does not have it.
    public static func position(of tap: Tap, in architecture: Architecture) -> Int? {
        taps(architecture).firstIndex(of: tap)
    }

    static let blockChannels = [64, 128, 256, 512, 512]
    private static let convolutions16 = table(blocks: [2, 2, 3, 3, 3])
    private static let convolutions19 = table(blocks: [2, 2, 4, 4, 4])
    private static let taps16 = taps(of: convolutions16)
    private static let taps19 = taps(of: convolutions19)

    // torchvision counts convolutions, ReLUs and pools alike: a convolution takes two places with
    // its ReLU, and each pool takes one.
    private static func table(blocks: [Int]) -> [ConvolutionShape] {
        var shapes: [ConvolutionShape] = []
        var featureIndex = 0
        var inChannels = 3
        for (block, count) in blocks.enumerated() {
            for index in 1...count {
                shapes.append(
                    ConvolutionShape(
                        block: block + 1, index: index, inChannels: inChannels,
                        outChannels: blockChannels[block], isFollowedByPool: index == count,
                        featureIndex: featureIndex))
                inChannels = blockChannels[block]
                featureIndex += index == count ? 3 : 2
            }
        }
        return shapes
    }

    private static func taps(of shapes: [ConvolutionShape]) -> [Tap] {
        shapes.flatMap { [$0.convTap, $0.reluTap] + [$0.poolTap].compactMap(\.self) }
    }
}
