/// The size of a pair and of its parts: what a plan needs to know before anything is decoded.
public struct PairShape: Sendable {
    /// Height and width of the output.
    public let output: ImageSize
    /// The index of the target.
    public let target: Int
    /// Height and width of the mask; nil without one, and so without a composite.
    public let mask: ImageSize?

    /// The shape of a pair.
    public init(output: ImageSize, target: Int, mask: ImageSize? = nil) {
        self.output = output
        self.target = target
        self.mask = mask
    }
}

/// The size of a target and what is known of it.
public struct TargetShape: Sendable {
    /// Height and width.
    public let size: ImageSize
    /// Whether its statistics are there already, so that it is not walked.
    public let isStored: Bool
    /// Whether its statistics are to be kept.
    public let isKept: Bool

    /// The shape of a target.
    public init(size: ImageSize, isStored: Bool = false, isKept: Bool = false) {
        self.size = size
        self.isStored = isStored
        self.isKept = isKept
    }
}
