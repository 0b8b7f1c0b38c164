/// An output and what it is compared with.
public struct Pair: Sendable {
    /// The image that a model made.
    public let output: Image
    /// Which targets its terms are compared with: several pairs may share one.
    public let targets: TargetChoice
    /// The mask, for the terms that need one.
    public let mask: Mask?

    /// A pair; output, target and mask have equal sizes, or summaries alone are asked for.
    public init(output: Image, targets: TargetChoice, mask: Mask? = nil) {
        self.output = output
        self.targets = targets
        self.mask = mask
    }

    /// A pair with one target for all terms, by its index in the targets given beside it.
    public init(output: Image, target: Int, mask: Mask? = nil) {
        self.init(output: output, targets: TargetChoice(target), mask: mask)
    }

    /// What a plan needs to know of the pair.
    public var shape: PairShape {
        PairShape(output: output.size, targets: targets, mask: mask?.size)
    }
}

/// The targets of one pair, by their indices in the targets given beside it.
public struct TargetChoice: Sendable, Hashable {
    /// The target of pixel terms and of composites, nil where there is none.
    public var pixels: Int?
    /// The target of pairwise statistics of features.
    public var perceptual: Int?
    /// The targets whose blended statistics the summaries are compared with, each with its factor;
    /// the factors add up to 1.
    public var style: [Blend]
    /// The target of what is in the hole, made of the pair's target and mask.
    var hole: Int?
    /// The style targets once more, with the pair's mask.
    var masked: [Blend] = []

    /// A target and its share.
    public struct Blend: Sendable, Hashable {
        /// The index of the target.
        public let target: Int
        /// Its share.
        public let weight: Double

        /// A share of a target.
        public init(target: Int, weight: Double) {
            self.target = target
            self.weight = weight
        }
    }

    /// A target for each kind of term.
    public init(pixels: Int?, perceptual: Int?, style: [Blend]) {
        self.pixels = pixels
        self.perceptual = perceptual
        self.style = style
    }

    /// One target for every term.
    public init(_ target: Int) {
        self.init(
            pixels: target, perceptual: target, style: [Blend(target: target, weight: 1)])
    }

    /// The targets of a term.
    func targets(of term: LayeredTerm) -> [Blend] {
        let single = term.subject == .hole ? hole : perceptual
        guard term.subject == .hole || term.measure.statistic.isPairwise else {
            return term.measure.isOfMaskedTarget ? masked : style
        }
        return single.map { [Blend(target: $0, weight: 1)] } ?? []
    }
}

extension TargetChoice {
    /// Whether a target is one that the pair's mask has a part in.
    func owns(_ target: Int) -> Bool {
        hole == target || masked.contains { $0.target == target }
    }
}

extension PairShape {
    /// The one target that all terms of a subject compare it with, if it is as large; nil for several,
    /// for another size, without such terms, and for a composite without a mask.
    func singleTarget(_ subject: Subject, _ terms: [LayeredTerm]) -> Int? {
        guard subject == .output || mask != nil else { return nil }
        let blends = terms.filter { $0.subject == subject }
            .map { targets.targets(of: $0) }
        guard let first = blends.first, first.count == 1,
            blends.allSatisfy({ $0 == first }), first[0].weight == 1
        else { return nil }
        return first[0].target
    }
}

/// The size of a pair and of its parts: what a plan needs to know before anything is decoded.
public struct PairShape: Sendable {
    /// Height and width of the output.
    public let output: ImageSize
    /// Its targets.
    public let targets: TargetChoice
    /// Height and width of the mask; nil without one, and so without a composite.
    public let mask: ImageSize?

    /// The same pair with targets that its mask has a part in.
    func with(hole: Int?, masked: [TargetChoice.Blend]) -> PairShape {
        var targets = targets
        (targets.hole, targets.masked) = (hole, masked)
        return PairShape(output: output, targets: targets, mask: mask)
    }

    /// Those targets' number.
    var ownTargets: Int { (targets.hole == nil ? 0 : 1) + targets.masked.count }

    /// The shape of a pair.
    public init(output: ImageSize, targets: TargetChoice, mask: ImageSize? = nil) {
        self.output = output
        self.targets = targets
        self.mask = mask
    }
}
