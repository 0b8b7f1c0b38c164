/// Everything that decides the value of a loss, besides the images and the network.
public struct LossOptions: Sendable, Equatable {
    /// The preset these options started from.
    public var preset: String
    /// Which Gram matrix the style terms compare.
    public var gram: GramKind
    /// The taps of `style` and `style_comp` in network order, each once; empty switches both off.
    public var styleLayers: [LayerWeight]
    /// The taps of `perceptual` and `perceptual_comp`, likewise.
    public var perceptualLayers: [LayerWeight]
    /// The factor of every term in the total.
    public var termWeights: [Term: Double]
    /// What 1 means in a mask, unless the request says otherwise.
    public var maskPolarity: MaskPolarity

    /// Options, each spelled out.
    public init(
        preset: String, gram: GramKind, styleLayers: [LayerWeight],
        perceptualLayers: [LayerWeight], termWeights: [Term: Double], maskPolarity: MaskPolarity
    ) {
        self.preset = preset
        self.gram = gram
        self.styleLayers = styleLayers
        self.perceptualLayers = perceptualLayers
        self.termWeights = termWeights
        self.maskPolarity = maskPolarity
    }

    /// The layers of a term with layers; nil for one without.
    public func layers(of term: Term) -> [LayerWeight]? {
        switch term {
        case .style, .styleComp: styleLayers
        case .perceptual, .perceptualComp: perceptualLayers
        case .pixelValid, .pixelHole, .tv: nil
        }
    }

    /// The taps that any term needs, each once, in the order of the network.
    public func taps(in architecture: Architecture) -> [Tap] {
        let wanted = Set((styleLayers + perceptualLayers).map(\.tap))
        return VGG.taps(architecture).filter(wanted.contains)
    }

    /// The tap of these options that the architecture does not have; nil when it has all.
    public func unknownTap(in architecture: Architecture) -> Tap? {
        (styleLayers + perceptualLayers).map(\.tap)
            .first { VGG.position(of: $0, in: architecture) == nil }
    }
}

/// A loss that the literature knows by name.
public struct Preset: Sendable {
    /// The name in requests.
    public let name: String
    /// What it is and where it comes from, in a sentence.
    public let summary: String
    /// All its options.
    public let options: LossOptions

    /// Every preset; the first is the default.
    public static let all = [pconv]

    /// The preset of that name, or nil.
    public static func named(_ name: String) -> Preset? {
        all.first { $0.name == name }
    }

    // Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions" (ECCV 2018),
    // eq. 7, as MathiasGruber/PConv-Keras writes it (libs/pconv_model.py, 7c8f2cb).
    private static let pconv = preset(
        "pconv",
        "The loss of inpainting with partial convolutions (Liu et al. 2018) as PConv-Keras computes "
            + "it: L1 of features and of F Fᵀ/(C·H·W) at pool1, pool2 and pool3, and with a mask "
            + "the pixel, composite and total variation terms.",
        layers: (1...3).map { LayerWeight(tap: Tap(.pool, $0, 0)) },
        termWeights: [
            .pixelValid: 1, .pixelHole: 6, .perceptual: 0.05, .perceptualComp: 0.05, .style: 120,
            .styleComp: 120, .tv: 0.1,
        ])

    private static func preset(
        _ name: String, _ summary: String, layers: [LayerWeight], termWeights: [Term: Double]
    ) -> Preset {
        Preset(
            name: name, summary: summary,
            options: LossOptions(
                preset: name, gram: .normalized, styleLayers: layers, perceptualLayers: layers,
                termWeights: termWeights, maskPolarity: .valid))
    }
}
