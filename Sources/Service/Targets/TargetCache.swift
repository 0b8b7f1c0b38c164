import Codecs
import Inference
import Synchronization

/// A target a client has put: its bytes, and what they are.
struct RegisteredTarget: Sendable {
    enum Content: Sendable {
        /// Header read, limits checked; its payload holds the bytes, its options the layout and range
        /// they came with.
        case image(ImageSource)
        /// Read, without the bytes.
        case statistics(GivenStatistics)
    }

    let digest: TargetDigest
    let content: Content

    var json: JSON {
        let (bytes, type, shape) =
            switch content {
            case .image(let source): (source.payload.count, source.type, source.shape)
            case .statistics(let given): (given.payloadBytes, given.type, [given.samples.count])
            }
        return [
            "digest": .string(digest.description), "bytes": .integer(bytes),
            "type": .string(type.essence), "shape": .array(shape.map(JSON.integer)),
        ]
    }

    /// The layout and range that it came with.
    var options: ArrayOptions {
        switch content {
        case .image(let source): source.options
        case .statistics: ArrayOptions(layout: nil, range: nil)
        }
    }

    /// What decides how its bytes are read.
    var meaning: TargetMeaning {
        switch content {
        case .image(let source): TargetMeaning(source)
        case .statistics: .statistics
        }
    }

    /// Bytes that keeping it takes, beside those of an entry.
    var bytes: Int {
        switch content {
        case .image(let source): source.payload.count
        case .statistics(let given): given.bytes
        }
    }

    /// The same with memory of its own, which keeps no body alive.
    var detached: RegisteredTarget {
        switch content {
        case .image(let source):
            RegisteredTarget(digest: digest, content: .image(source.withOwnBytes()))
        case .statistics(let given):
            RegisteredTarget(digest: digest, content: .statistics(given.withoutPayload))
        }
    }
}

/// What decides how the bytes of a target are read, so that a target put again with another layout or
/// range is another entry and changes nothing for who put it first.
struct TargetMeaning: Sendable, Hashable {
    /// The dtype and shape of an array, which has no header of its own in some bodies; nil and none for
    /// a file, whose bytes say so.
    private let elementType: ElementType?
    private let shape: [Int]
    private let options: ArrayOptions

    init(_ source: ImageSource) {
        options = source.options
        switch source.content {
        case .file: (elementType, shape) = (nil, [])
        case .array(let view, _, _): (elementType, shape) = (view.elementType, view.shape)
        }
    }

    /// That of statistics, which say themselves what they are.
    static let statistics = TargetMeaning()

    private init() {
        elementType = nil
        shape = []
        options = ArrayOptions(layout: nil, range: nil)
    }
}

/// What decides the statistics of a target at every tap.
struct StatisticsKey: Sendable, Hashable {
    let digest: TargetDigest
    /// Whose features they are of.
    let network: NetworkIdentity
    let meaning: TargetMeaning
    /// The position in an array of several samples.
    let sample: Int
    /// How the network is run, and what it is fed with; nil for what its weights were trained with.
    let variant: NetworkVariant
    let input: Preprocessing?
    /// What the target is brought to first; nil where it stays as it is.
    let resize: Resize?
    /// How many times it is halved then.
    var level = 0

    init(
        _ digest: TargetDigest, _ source: ImageSource, sample: Int, _ variant: NetworkVariant,
        _ input: Preprocessing?, _ network: NetworkIdentity, _ resize: Resize?
    ) {
        self.digest = digest
        meaning = TargetMeaning(source)
        self.variant = variant
        self.input = input
        self.network = network
        self.sample = sample
        self.resize = resize.flatMap { $0.size(of: source.size) == source.size ? nil : $0 }
    }
}

/// What was computed from a target, and what decoding it passed over.
struct KeptStatistics: Sendable {
    let statistics: TargetStatistics
    let notes: DecodingNotes
}

/// The targets of one tenant: whoever has another key, or none, finds nothing of them, not even
/// that somebody sent them.
struct TargetCache: Sendable {
    private let store: TargetStore
    private let tenant: String?

    init(_ store: TargetStore, of tenant: String?) {
        self.store = store
        self.tenant = tenant
    }

    /// Whether statistics of that size are worth keeping: one target must not push out all others.
    func isWorthKeeping(statisticsBytes: Int) -> Bool {
        statisticsBytes <= store.bytesMax / 4
    }

    /// Keeps a target; false when it was there already with this meaning.
    ///
    /// - Throws: `body_too_large` for one that takes more than the whole cache.
    func register(_ target: RegisteredTarget) throws(ServiceError) -> Bool {
        let isNew = store.keep(target, of: tenant)
        guard let isNew else {
            let bytes = TargetStore.cost(of: target)
            throw ServiceError(
                .bodyTooLarge, "The target takes more than the cache may.", limit: store.bytesMax,
                actual: bytes, setting: .targetCacheBytes)
        }
        return isNew
    }

    /// Keeps the bytes of a target that was sent with a request, so that its digest is a name: a
    /// copy, since what was sent lies in a body with much else.
    func remember(_ digest: TargetDigest, _ content: RegisteredTarget.Content) {
        let target = RegisteredTarget(digest: digest, content: content)
        guard TargetStore.cost(of: target) <= store.bytesMax / 4,
            !store.use(target, of: tenant)
        else { return }
        _ = store.keep(target, of: tenant)
    }

    /// The target a digest names, read with this layout and range where they say something.
    ///
    /// One digest may have several meanings, since the same bytes are another image with another
    /// layout or range.
    ///
    /// - Throws: `target_not_found`; `invalid_option` when it is kept with other meanings only;
    ///   `missing_option` when it is kept with several that fit.
    func registered(
        _ digest: TargetDigest, asked: ArrayOptions
    ) throws(ServiceError) -> RegisteredTarget {
        let (targets, statistics) = store.kept(digest, of: tenant)
        guard let first = targets.first else {
            throw ServiceError(
                .targetNotFound,
                statistics > 0
                    ? "Of this target statistics only are kept, not its bytes; PUT them and try "
                        + "again."
                    : "No such target is kept, or it was dropped; PUT its bytes and try again.")
        }
        let fitting = targets.filter { asked.fits($0.options) }
        guard let target = fitting.first else {
            _ = try asked.joined(with: first.options)
            return first
        }
        guard fitting.count == 1 else {
            throw ServiceError(
                .missingOption,
                "The target is kept with several meanings: "
                    + fitting.map(\.options.description).joined(separator: "; ")
                    + ". Say which with the options layout and range.")
        }
        _ = store.use(target, of: tenant)
        return target
    }

    /// What is kept under a digest, for GET.
    ///
    /// - Throws: as `registered`, but for statistics alone, which are something.
    func description(_ digest: TargetDigest, asked: ArrayOptions) throws(ServiceError) -> JSON {
        let (targets, statistics) = store.kept(digest, of: tenant)
        if targets.isEmpty && statistics > 0 {
            return [
                "digest": .string(digest.description), "kept": ["statistics": .integer(statistics)],
            ]
        }
        let target = try registered(digest, asked: asked)
        guard case .object(let members) = target.json else { return target.json }
        return .object(
            members + [
                .init(
                    "kept",
                    [
                        "bytes": .integer(target.bytes),
                        "statistics": .integer(statistics),
                    ])
            ])
    }

    /// Forgets all that is kept under a digest: bytes in every meaning, and all that was computed
    /// from them.
    func remove(_ digest: TargetDigest) throws(ServiceError) {
        guard store.remove(digest, of: tenant) else {
            throw ServiceError(.targetNotFound, "Nothing is kept under this digest.")
        }
    }

    /// What is kept of a target, which may be less than is needed.
    func statistics(_ key: StatisticsKey, for needs: TargetNeeds) -> KeptStatistics? {
        store.statistics(key, for: needs, of: tenant)
    }

    /// Keeps statistics beside those that are kept under the same key.
    func keep(_ kept: KeptStatistics, for key: StatisticsKey) {
        store.keep(kept, for: key, of: tenant)
    }
}

extension ArrayOptions {
    /// Whether a target that was read with the others may be meant by these: what is not said fits
    /// everything.
    fileprivate func fits(_ other: ArrayOptions) -> Bool {
        do {
            _ = try joined(with: other)
            return true
        } catch {
            return false
        }
    }
}
