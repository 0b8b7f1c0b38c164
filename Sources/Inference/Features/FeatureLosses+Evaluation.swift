/// What decides the losses of given features, besides the features.
public struct FeatureLossOptions: Sendable, Equatable {
    /// Which Gram matrix the style term compares.
    public var gram: GramKind
    /// The layers of the style term by name, with weights; nil means every layer with weight 1,
    /// and an empty dictionary switches the term off. A layer that is not named is left out.
    public var styleWeights: [String: Double]?
    /// The layers of the perceptual term, likewise.
    public var perceptualWeights: [String: Double]?
    /// The factors of the terms in the total.
    public var termWeights: [Term: Double]

    /// Options, each spelled out.
    public init(
        gram: GramKind, styleWeights: [String: Double]? = nil,
        perceptualWeights: [String: Double]? = nil, termWeights: [Term: Double]
    ) {
        self.gram = gram
        self.styleWeights = styleWeights
        self.perceptualWeights = perceptualWeights
        self.termWeights = termWeights
    }
}
