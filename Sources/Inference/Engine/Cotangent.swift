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
public struct FeatureSlope: Sendable {
    private let kind: Kind

    private enum Kind: Sendable {
        case given(FeatureMap)
        case summary(PackedSummarySlope, of: FeatureMap)
        case difference(DifferenceSlope, FeatureMap, FeatureMap)
        case signs(SignMap, times: Float)
    }

    /// Value by value.
    public static func given(_ map: FeatureMap) -> FeatureSlope {
        FeatureSlope(kind: .given(map))
    }

    /// That of a function of a summary of the features.
    /// - Throws: `outOfMemory`.
    package static func summary(
        _ slope: SummarySlope, of map: FeatureMap, weights: PositionWeights? = nil,
        _ kernels: Kernels
    ) throws(InferenceError) -> FeatureSlope {
        FeatureSlope(
            kind: .summary(try PackedSummarySlope(slope, weights: weights, kernels), of: map))
    }

    /// That of a sum over pairs of features, theirs and a target's.
    package static func difference(
        _ slope: DifferenceSlope, _ map: FeatureMap, _ target: FeatureMap
    ) -> FeatureSlope {
        FeatureSlope(kind: .difference(slope, map, target))
    }

    /// That of a sum of absolute differences, from their signs: bit for bit what `difference` gives.
    static func signs(_ signs: SignMap, times factor: Double) -> FeatureSlope {
        FeatureSlope(kind: .signs(signs, times: Float(factor)))
    }

    /// Adds one row of the gradient to that of a ring, which has a margin on every side.
    package func add(
        row y: Int, to ring: RowRing, image: Int, margin: Int, kernels: Kernels,
        workspace: Workspace
    ) {
        let out = { (block: Int) in
            ring.pixels(y + margin, image: image, block: block) + margin * Kernels.block
        }
        switch kind {
        case .given(let map):
            for block in 0..<ring.blocks {
                kernels.add(
                    map.pixels(y, block: block), count: map.width * Kernels.block, to: out(block))
            }
        case .summary(let slope, let map):
            slope.add(row: y, of: map, kernels: kernels, workspace: workspace, to: out)
        case .difference(let slope, let map, let target):
            slope.add(
                row: y, of: map, target, kernels: kernels, workspace: workspace, to: out)
        case .signs(let signs, let factor):
            signs.add(row: y, times: factor, kernels: kernels, to: out)
        }
    }
}
