import Codecs
import Inference
import Synchronization

/// A target a client has put: its bytes, and what they are.
struct RegisteredTarget: Sendable {
    let digest: TargetDigest
    /// Header read, limits checked; its payload holds the bytes, its options the layout and range
    /// they came with.
    let source: ImageSource

    var json: JSON {
        [
            "digest": .string(digest.description), "bytes": .integer(source.payload.count),
            "type": .string(source.type.essence), "shape": .array(source.shape.map(JSON.integer)),
        ]
    }
}

/// What decides the statistics of a target, besides the network, which is the same for the life of
/// the process.
struct StatisticsKey: Sendable, Hashable {
    let digest: TargetDigest
    /// The dtype and shape of an array without a header of its own; nil for a file, whose bytes say
    /// so.
    let elementType: ElementType?
    let shape: [Int]
    let options: ArrayOptions
    /// The position in an array of several samples.
    let sample: Int
    let gram: GramKind
    let styleTaps: [Tap]
    let perceptualTaps: [Tap]

    init(
        _ digest: TargetDigest, _ source: ImageSource, sample: Int, _ options: LossOptions
    ) {
        self.digest = digest
        self.options = source.options
        switch source.content {
        case .png: (elementType, shape) = (nil, [])
        case .array(let view, _, _): (elementType, shape) = (view.elementType, view.shape)
        }
        self.sample = sample
        gram = options.gram
        styleTaps = options.styleLayers.map(\.tap)
        perceptualTaps = options.perceptualLayers.map(\.tap)
    }
}

/// What was computed from a target, and what was lost when it was decoded.
struct KeptStatistics: Sendable {
    let statistics: TargetStatistics
    let dropsAlpha: Bool
}

/// Registered targets and what was computed from any target, in one budget of bytes.
final class TargetCache: Sendable {
    private enum Key: Hashable {
        case registered(TargetDigest)
        case statistics(StatisticsKey)

        var digest: TargetDigest {
            switch self {
            case .registered(let digest): digest
            case .statistics(let key): key.digest
            }
        }
    }

    private enum Entry: Sendable {
        case registered(RegisteredTarget)
        case statistics(KeptStatistics)
    }

    let bytesMax: Int
    private let entries: Mutex<LeastRecentlyUsed<Key, Entry>>
    private let hits = Counter()
    private let misses = Counter()

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        entries = Mutex(LeastRecentlyUsed(bytesMax: bytesMax))
    }

    /// Whether statistics of that size are worth keeping: one target must not push out all others.
    func isWorthKeeping(statisticsBytes: Int) -> Bool { statisticsBytes <= bytesMax / 4 }

    /// Keeps a target; false when it was there already.
    ///
    /// - Throws: `invalid_option` when it is there and means something else: others refer to it.
    func register(_ target: RegisteredTarget) throws(ServiceError) -> Bool {
        let key = Key.registered(target.digest)
        let known = entries.withLock { entries -> RegisteredTarget? in
            if case .registered(let known) = entries.use(key) { return known }
            entries.insert(key, .registered(target), bytes: target.source.payload.count)
            return nil
        }
        guard let known else { return true }
        guard known.source.options == target.source.options, known.source.type == target.source.type
        else {
            throw ServiceError(
                .invalidOption,
                "The target is registered as \(known.source.type.essence) with "
                    + "\(known.source.options), which this PUT contradicts; DELETE it first to "
                    + "give it another meaning.")
        }
        return false
    }

    func registered(_ digest: TargetDigest) throws(ServiceError) -> RegisteredTarget {
        guard case .registered(let target) = entries.withLock({ $0.use(.registered(digest)) })
        else {
            throw ServiceError(
                .targetNotFound,
                "No such target is registered, or it was dropped; PUT its bytes and try again.")
        }
        return target
    }

    /// Forgets a target and all that was computed from it.
    func remove(_ digest: TargetDigest) throws(ServiceError) {
        _ = try registered(digest)
        entries.withLock { entries in
            for key in entries.keys.filter({ $0.digest == digest }) { _ = entries.remove(key) }
        }
    }

    func statistics(_ key: StatisticsKey) -> KeptStatistics? {
        guard case .statistics(let statistics) = entries.withLock({ $0.use(.statistics(key)) })
        else {
            misses.add(1)
            return nil
        }
        hits.add(1)
        return statistics
    }

    func keep(_ kept: KeptStatistics, for key: StatisticsKey) {
        entries.withLock {
            $0.insert(.statistics(key), .statistics(kept), bytes: kept.statistics.byteCount)
        }
    }

    func write(to text: inout PrometheusText) {
        let (count, bytes, evictions) = entries.withLock { ($0.count, $0.bytes, $0.evictions) }
        let name = "styleloss_target_cache"
        text.single(
            "\(name)_hits_total", .counter, "Targets whose statistics were there.", hits.value)
        text.single(
            "\(name)_misses_total", .counter, "Targets that had to be computed.", misses.value)
        text.single(
            "\(name)_evictions_total", .counter, "Entries dropped for newer ones.", evictions)
        text.single("\(name)_entries", .gauge, "Registered targets and statistics kept.", count)
        text.single("\(name)_size_bytes", .gauge, "Bytes they take.", bytes)
    }
}
