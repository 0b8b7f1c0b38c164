/// The network that a loss is defined on: what its author ran.
public struct LossNetwork: Sendable, Hashable {
    /// The table of layers; nil where any will do.
    public var architecture: Architecture?
    /// Whose weights; nil where any will do.
    public var weights: Weights?
    /// What stands in the place of the pools.
    public var pooling: NetworkVariant.Pooling
    /// How pools round an odd side.
    public var rounding: NetworkVariant.Rounding
    /// What convolutions read outside of their input.
    public var padding: NetworkVariant.Padding

    /// The trainings of VGG that are in use.
    public enum Weights: String, Sendable, CaseIterable {
        /// Simonyan & Zisserman's own, as in Caffe and Keras.
        case caffe
        /// torchvision's.
        case torchvision
    }

    /// A network, as trained where nothing else is said.
    public init(
        _ architecture: Architecture? = nil, _ weights: Weights? = nil,
        pooling: NetworkVariant.Pooling = .max, rounding: NetworkVariant.Rounding = .floor,
        padding: NetworkVariant.Padding = .zero
    ) {
        self.architecture = architecture
        self.weights = weights
        self.pooling = pooling
        self.rounding = rounding
        self.padding = padding
    }

    /// The variant of a network that is there.
    public func variant(_ architecture: Architecture) -> NetworkVariant {
        NetworkVariant(architecture, pooling: pooling, rounding: rounding, padding: padding)
    }
}
