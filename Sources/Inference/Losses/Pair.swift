/// An output and what it is compared with.
public struct Pair: Sendable {
    /// The image that a model made.
    public let output: Image
    /// The index of its target in the targets given beside it: several pairs may share one.
    public let target: Int
    /// The mask, for the terms that need one.
    public let mask: Mask?

    /// A pair; output, target and mask have equal sizes, or Gram losses alone are asked for.
    public init(output: Image, target: Int, mask: Mask? = nil) {
        self.output = output
        self.target = target
        self.mask = mask
    }
}

/// What outputs are compared with: an image, or what an earlier request computed from one.
public enum Target: Sendable {
    /// An image that has to be walked through the network.
    case image(Image)
    /// Statistics made under the same network and options: only outputs are walked.
    case statistics(TargetStatistics)

    /// The target's pixels.
    public var image: Image {
        switch self {
        case .image(let image): image
        case .statistics(let statistics): statistics.image
        }
    }

    var statistics: TargetStatistics? {
        if case .statistics(let statistics) = self { statistics } else { nil }
    }
}

/// What the losses need of a target: worth keeping when it comes again.
public struct TargetStatistics: Sendable {
    /// The target itself, with samples of its own.
    public let image: Image
    /// Which Gram matrices `grams` holds.
    public let gram: GramKind
    let grams: [Tap: GramMatrix]
    let features: [Tap: FeatureMap]

    /// What this takes in memory, in bytes.
    public var byteCount: Int {
        let gramBytes = grams.values.reduce(0) { $0 + $1.byteCount }
        return features.values.reduce(image.sampleBytes + gramBytes) { $0 + $1.bytes }
    }

    /// Whether everything that losses with these options need is here.
    public func covers(_ options: LossOptions) -> Bool {
        (gram == options.gram || options.styleLayers.isEmpty)
            && options.styleLayers.allSatisfy { grams[$0.tap] != nil }
            && options.perceptualLayers.allSatisfy { features[$0.tap] != nil }
    }
}

/// The losses of several pairs, and what is worth keeping of their targets.
public struct Evaluation: Sendable {
    /// The losses, in the order of the pairs.
    public let losses: [PairLosses]
    /// Statistics by index of the target, for those that were asked for.
    public let statistics: [Int: TargetStatistics]
}
