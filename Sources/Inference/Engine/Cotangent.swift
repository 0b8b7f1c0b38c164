/// The gradient of something with respect to the features at one tap, for every image of a stack.
public struct Cotangent: Sendable {
    /// Where the features are.
    public let tap: Tap
    /// By position in the stack, gradients that are added; none for an image that has no part in it.
    public let slopes: [[FeatureSlope]]

    /// The gradients at a tap, one list an image of the stack.
    public init(tap: Tap, slopes: [[FeatureSlope]]) {
        self.tap = tap
        self.slopes = slopes
    }
}

/// A gradient with respect to the features of one image at one tap.
public enum FeatureSlope: Sendable {
    /// Value by value.
    case given(FeatureMap)
}

extension FeatureSlope {
    /// Adds one row of the gradient to that of a ring, which has a margin on every side.
    func add(
        row y: Int, to ring: RowRing, image: Int, margin: Int, kernels: Kernels,
        workspace: Workspace
    ) {
        switch self {
        case .given(let map):
            for block in 0..<ring.blocks {
                kernels.add(
                    map.pixels(y, block: block), count: map.width * Kernels.block,
                    to: ring.pixels(y + margin, image: image, block: block)
                        + margin * Kernels.block)
            }
        }
    }
}
