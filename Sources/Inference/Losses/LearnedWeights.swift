/// Factors of channels that were fitted to what people see, as the metrics that use them were published:
/// they go with torchvision's VGG-16 and with no other training of it.
public enum LearnedWeights: String, Sendable, CaseIterable {
    /// LPIPS, version 0.1: one factor from 0 on for the squared differences of each channel (Zhang et
    /// al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", arXiv:1801.03924;
    /// lpips.py:112-154).
    case lpips = "lpips-vgg-0.1"
    /// DISTS: α for the means and β for variances and covariance of each channel, of the image and of
    /// features; all of them add up to 1 (Ding et al., "Image Quality Assessment: Unifying Structure and
    /// Texture Similarity", arXiv:2004.07728, eq. 8; DISTS_pt.py:94-97).
    case dists

    /// The layer of DISTS that is the image itself, RGB in [0, 1].
    static let image = "input"

    /// The layers of a network that they were fitted at.
    public static let layers = ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"]

    /// The factors at a layer, for LPIPS one a channel, for DISTS first α and then β; nil for a layer
    /// that they were not fitted at.
    func factors(at layer: String) -> [Double]? {
        switch self {
        case .lpips: Self.lpipsFactors[layer]
        case .dists: Self.distsFactors[layer]
        }
    }

    /// The channels at a layer.
    func channels(at layer: String) -> Int? {
        factors(at: layer).map { self == .dists ? $0.count / 2 : $0.count }
    }

    private static let lpipsFactors = LPIPSFactors.factors.mapValues { $0.map { Double($0) } }

    private static let distsFactors: [String: [Double]] = {
        let tables = [DISTSMeanFactors.factors, DISTSCovarianceFactors.factors]
        // In the order of the layers, which decides the last digit.
        let sum = ([image] + layers).flatMap { layer in tables.flatMap { $0[layer] ?? [] } }
            .reduce(0) { $0 + Double($1) }
        return DISTSMeanFactors.factors.reduce(into: [:]) { factors, entry in
            let both = tables.flatMap { $0[entry.key] ?? [] }
            factors[entry.key] = both.map { Double($0) / sum }
        }
    }()
}

/// The learned factors of one layer, by name: small enough to be part of what is asked of an engine.
public struct LearnedLayer: Sendable, Hashable {
    let weights: LearnedWeights
    let layer: String

    package init(weights: LearnedWeights, layer: String) {
        self.weights = weights
        self.layer = layer
    }

    /// As `LearnedWeights.factors(at:)`; empty for a layer that has none.
    package var factors: [Double] { weights.factors(at: layer) ?? [] }
}
