import Inference
import Synchronization

/// Targets and what was computed from targets, of all tenants, in one budget of bytes.
package final class TargetStore: Sendable {
    /// What a tenant calls a target.
    private struct Name: Hashable {
        let tenant: String?
        let digest: TargetDigest
    }

    private enum Key: Hashable {
        case target(Name, TargetMeaning)
        case statistics(Name, StatisticsKey)

        var name: Name {
            switch self {
            case .target(let name, _), .statistics(let name, _): name
            }
        }
    }

    private enum Entry: Sendable {
        case target(RegisteredTarget)
        case statistics(KeptStatistics)
    }

    private struct State {
        var entries: LeastRecentlyUsed<Key, Entry>
        /// The keys of each name, all of them in `entries`.
        var keys: [Name: Set<Key>] = [:]

        mutating func insert(_ key: Key, _ entry: Entry, bytes: Int) -> Bool {
            let (isKept, evicted) = entries.insert(key, entry, bytes: bytes)
            for key in evicted { forget(key) }
            if isKept { keys[key.name, default: []].insert(key) }
            return isKept
        }

        mutating func forget(_ key: Key) {
            keys[key.name]?.remove(key)
            if keys[key.name]?.isEmpty == true { keys[key.name] = nil }
        }
    }

    let bytesMax: Int
    private let state: Mutex<State>
    private let hits = Counter()
    private let partialHits = Counter()
    private let misses = Counter()

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
        state = Mutex(State(entries: LeastRecentlyUsed(bytesMax: bytesMax)))
    }

    /// Bytes of what is kept.
    var bytes: Int { state.withLock { $0.entries.bytes } }

    /// Keeps a copy of a target; false when it was there already, nil when it is too large.
    func keep(_ target: RegisteredTarget, of tenant: String?) -> Bool? {
        guard !use(target, of: tenant) else { return false }
        let own = target.detached
        let key = Self.key(target, tenant)
        return state.withLock {
            $0.insert(key, .target(own), bytes: Self.cost(of: own)) ? true : nil
        }
    }

    /// Whether a target is there; if so it becomes the most recently used.
    func use(_ target: RegisteredTarget, of tenant: String?) -> Bool {
        let key = Self.key(target, tenant)
        return state.withLock { $0.entries.use(key) != nil }
    }

    /// The targets a digest names, and how many statistics there are of them, by layer, kind and
    /// sample.
    func kept(
        _ digest: TargetDigest, of tenant: String?
    ) -> (targets: [RegisteredTarget], statistics: Int) {
        state.withLock { state in
            let keys = state.keys[Name(tenant: tenant, digest: digest)] ?? []
            let entries = keys.compactMap { state.entries.peek($0) }
            var found: (targets: [RegisteredTarget], statistics: Int) = ([], 0)
            for entry in entries {
                switch entry {
                case .target(let target): found.targets.append(target)
                case .statistics(let kept): found.statistics += kept.statistics.count
                }
            }
            return found
        }
    }

    /// Forgets all that is kept under a digest; false when that is nothing.
    func remove(_ digest: TargetDigest, of tenant: String?) -> Bool {
        state.withLock { state in
            let keys = state.keys.removeValue(forKey: Name(tenant: tenant, digest: digest)) ?? []
            for key in keys { _ = state.entries.remove(key) }
            return !keys.isEmpty
        }
    }

    func statistics(
        _ key: StatisticsKey, for needs: TargetNeeds, of tenant: String?
    ) -> KeptStatistics? {
        let key = Key.statistics(Name(tenant: tenant, digest: key.digest), key)
        guard case .statistics(let kept) = state.withLock({ $0.entries.use(key) }) else {
            misses.add(1)
            return nil
        }
        (kept.statistics.covers(needs) ? hits : partialHits).add(1)
        return kept
    }

    /// Keeps statistics together with those that are there, unless together they are more than one
    /// target may take of the cache.
    func keep(_ new: KeptStatistics, for key: StatisticsKey, of tenant: String?) {
        let key = Key.statistics(Name(tenant: tenant, digest: key.digest), key)
        state.withLock { state in
            var kept = new
            if case .statistics(let old) = state.entries.peek(key) {
                let both = new.statistics.joined(with: old.statistics)
                if both.byteCount <= bytesMax / 4 {
                    kept = KeptStatistics(statistics: both, notes: new.notes)
                }
            }
            let bytes = Self.entryBytes.plus(kept.statistics.byteCount)
            _ = state.insert(key, .statistics(kept), bytes: bytes)
        }
    }

    private static func key(_ target: RegisteredTarget, _ tenant: String?) -> Key {
        .target(Name(tenant: tenant, digest: target.digest), target.meaning)
    }

    /// What an entry takes beside its bytes: a key in three tables, a digest, lists of layers, and what
    /// the allocator rounds up. 2,150 bytes were resident for each of 10,000 small targets.
    private static let entryBytes = 2304

    /// What keeping a target takes.
    static func cost(of target: RegisteredTarget) -> Int { entryBytes + target.bytes }

    /// Drops so many bytes at least, of what was not used for longest.
    func giveBack(bytes: Int) {
        state.withLock { state in
            let most = state.entries.bytes - bytes
            while state.entries.bytes > max(0, most), let key = state.entries.removeOldest() {
                state.forget(key)
            }
        }
    }

    func write(to text: inout PrometheusText) {
        let (count, bytes, evictions) = state.withLock {
            ($0.entries.count, $0.entries.bytes, $0.entries.evictions)
        }
        let name = "styleloss_target_cache"
        text.single(
            "\(name)_hits_total", .counter, "Targets whose statistics were there.", hits.value)
        text.single(
            "\(name)_partial_hits_total", .counter,
            "Targets of whose statistics some were there and some had to be computed.",
            partialHits.value)
        text.single(
            "\(name)_misses_total", .counter, "Targets that had to be computed.", misses.value)
        text.single(
            "\(name)_evictions_total", .counter, "Entries dropped for newer ones.", evictions)
        text.single("\(name)_entries", .gauge, "Targets and statistics kept.", count)
        text.single("\(name)_size_bytes", .gauge, "Bytes they take.", bytes)
    }
}
