/// What outputs are compared with: an image, or what an earlier request computed from one.
public enum Target: Sendable {
    /// An image that has to be walked through the network.
    case image(Image)
    /// Statistics made under the same network, its variant and its input: of the target only those that
    /// are missing are computed.
    case statistics(TargetStatistics)

    /// The target's pixels; nil where its summaries alone are known.
    public var image: Image? {
        switch self {
        case .image(let image): image
        case .statistics(let statistics): statistics.image
        }
    }

    /// Height and width.
    public var size: ImageSize {
        switch self {
        case .image(let image): image.size
        case .statistics(let statistics): statistics.size
        }
    }

    var statistics: TargetStatistics? {
        if case .statistics(let statistics) = self { statistics } else { nil }
    }
}

/// The size of a target and what is known of it.
public struct TargetShape: Sendable {
    /// Height and width.
    public let size: ImageSize
    /// Whether all its statistics are there already, so that it is not walked.
    public let isStored: Bool
    /// Whether its statistics are to be kept.
    public let isKept: Bool
    /// Whether its pixels are there.
    let hasImage: Bool
    // Those that are there, where not all are.
    private var known: TargetStatistics?

    /// The shape of a target.
    public init(size: ImageSize, isStored: Bool = false, isKept: Bool = false) {
        self.size = size
        self.isStored = isStored
        self.isKept = isKept
        hasImage = true
    }

    /// The shape of a target that is here.
    public init(_ target: Target, isKept: Bool = false) {
        size = target.size
        isStored = false
        self.isKept = isKept
        hasImage = target.image != nil
        known = target.statistics
    }

    /// What of the needs has to be computed.
    func missing(_ needs: TargetNeeds) -> TargetNeeds {
        isStored ? TargetNeeds() : known.map(needs.lacking) ?? needs
    }

    /// Whether something is there, and something else is missing.
    func isPartlyKnown(_ needs: TargetNeeds) -> Bool {
        known != nil && ![TargetNeeds(), needs].contains(missing(needs))
    }
}

/// What losses need of a target: the summaries and the features, by tap. It does not name the loss, so
/// that all losses that need the same share it.
public struct TargetNeeds: Sendable, Hashable {
    /// The summaries at each tap.
    public internal(set) var summaries: [Tap: Set<SummaryKind>] = [:]
    /// The taps whose features are needed.
    public internal(set) var maps: Set<Tap> = []

    /// What the terms with layers of a loss need of one target that serves all of them, or those of
    /// one kind.
    /// - Throws: `unknownLayer` for a layer that the architecture does not have.
    public init(
        _ loss: Loss, _ architecture: Architecture, style: Bool = true, perceptual: Bool = true
    ) throws(InferenceError) {
        self.init()
        // Those of what is in a hole or of a region are of the pair's mask as well.
        for term in try loss.layeredTerms(in: architecture)
        where term.subject != .hole && !term.measure.isOfMaskedTarget {
            if term.measure.statistic.isPairwise ? perceptual : style { add(term) }
        }
    }

    package init() {}

    mutating func add(_ term: LayeredTerm) {
        for layer in term.layers {
            if let kind = term.measure.summaryKind {
                summaries[layer.tap, default: []].insert(kind)
            } else {
                maps.insert(layer.tap)
            }
        }
    }

    /// What is not among some statistics.
    func lacking(_ statistics: TargetStatistics) -> TargetNeeds {
        var rest = TargetNeeds()
        rest.maps = maps.filter { statistics.maps[$0] == nil }
        for (tap, kinds) in summaries {
            let missing = kinds.filter { statistics.summaries[tap]?[$0] == nil }
            if !missing.isEmpty { rest.summaries[tap] = missing }
        }
        return rest
    }

    /// Whether anything is needed at a tap.
    func hasAny(at tap: Tap) -> Bool { maps.contains(tap) || summaries[tap] != nil }

    /// The bytes that they take of a target of a size, besides its image.
    public func byteCount(of size: ImageSize, _ variant: NetworkVariant) -> Int {
        let features = maps.reduce(0) {
            $0 + variant.features(of: size, at: $1).count * MemoryLayout<Float>.stride
        }
        return summaries.reduce(features) { total, entry in
            let shape = variant.features(of: size, at: entry.key)
            return entry.value.reduce(total) { $0 + Summary.byteCount(of: $1, shape) }
        }
    }
}

/// What was computed from a target, by tap and statistic, under one variant of the network and one
/// input: worth keeping when it comes again, for whichever loss.
public struct TargetStatistics: Sendable {
    /// Height and width of the target.
    public let size: ImageSize
    /// The target itself, with samples of its own; nil where its summaries alone are known.
    public let image: Image?
    let summaries: [Tap: [SummaryKind: Summary]]
    let maps: [Tap: FeatureMap]

    init(
        image: Image, summaries: [Tap: [SummaryKind: Summary]], maps: [Tap: FeatureMap]
    ) {
        size = image.size
        self.image = image
        self.summaries = summaries
        self.maps = maps
    }

    /// Summaries of an image that is not here: a target for terms that compare these alone.
    public init(size: ImageSize, summaries: [Tap: Summary]) {
        self.size = size
        image = nil
        self.summaries = summaries.mapValues { [$0.kind: $0] }
        maps = [:]
    }

    /// What this takes in memory, in bytes.
    public var byteCount: Int {
        let sums = summaries.values.reduce(0) { total, kinds in
            kinds.values.reduce(total) { $0 + $1.byteCount }
        }
        return maps.values.reduce((image?.sampleBytes ?? 0) + sums) { $0 + $1.bytes }
    }

    /// Whether everything that is needed is here.
    package func covers(_ needs: TargetNeeds) -> Bool { needs.lacking(self) == TargetNeeds() }

    /// Both these statistics of one target and others, which are the same where both are there.
    package func joined(with others: TargetStatistics) -> TargetStatistics {
        TargetStatistics(
            size: size, image: image,
            summaries: summaries.merging(others.summaries) { $0.merging($1) { own, _ in own } },
            maps: maps.merging(others.maps) { own, _ in own })
    }

    private init(
        size: ImageSize, image: Image?, summaries: [Tap: [SummaryKind: Summary]],
        maps: [Tap: FeatureMap]
    ) {
        self.size = size
        self.image = image
        self.summaries = summaries
        self.maps = maps
    }

    /// How many statistics there are, by tap and kind.
    package var count: Int { maps.count + summaries.values.reduce(0) { $0 + $1.count } }
}

/// The losses of several pairs, and what is worth keeping of their targets.
public struct Evaluation: Sendable {
    /// The losses, in the order of the pairs.
    public let losses: [PairLosses]
    /// How each pair's output and composite were compared with the target, of those that were.
    public let precisions: [[Subject: Precision]]
    /// Statistics by index of the target, for those that were asked for.
    public let statistics: [Int: TargetStatistics]
    /// By pair, the maps that were asked for.
    public let maps: [[MapPlace: LossMap]]
}
