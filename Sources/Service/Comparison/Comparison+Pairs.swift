import Codecs
import Inference
import Synchronization

extension Comparison {
    /// What came of a pair: the losses, or the sentence that a client would read.
    public typealias Outcome = Result<ComparisonAnswer, ServiceError>

    /// Compares pair after pair on all workers, and hands each outcome over in the order of the pairs
    /// as soon as it and those before it are there.
    ///
    /// Pairs run side by side, one a worker, as long as they fit into `max-memory-bytes` together;
    /// where fewer are on their way than there are workers, as at the end or when a pair is large, the
    /// idle ones help with the parts of one. So many are on their way at most, and no more is in memory
    /// of a million of them. What was computed from a target serves the pairs near by that have it too.
    /// - Parameters:
    ///   - isCancelled: asked on any thread, between rows and layers. Once it is true no pair is begun,
    ///     those that run are given up, and those that are done are handed over.
    ///   - take: called on this thread. What it throws ends the run.
    public func run<Failure: Error>(
        _ pairs: some Sequence<ComparedPair>, _ options: ComparisonOptions,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        take: (ComparedPair, Outcome) throws(Failure) -> Void
    ) throws(Failure) {
        Allocator.configure()
        let stop = Stop(isCancelled)
        var targets = RecentTargets(bytesMax: configuration[.targetCacheBytes])
        let pool = WorkerPool(workers: configuration[.workers])
        defer { pool.stop() }
        let bytesMax = jobBytesMax
        var line = PairLine(placesMax: 2 * configuration[.workers] + 2, bytesMax: bytesMax)
        do throws(Failure) {
            for pair in pairs {
                guard !stop.isAsked else { break }
                let work = self.work(pair, options, targets.store(for: pair), bytesMax)
                while !line.hasRoom(for: work) { try line.handOverFirst(stop, take) }
                line.append(pair, work, stop, pool)
            }
            while !line.isEmpty { try line.handOverFirst(stop, take) }
        } catch {
            stop.ask()
            line.waitForAll()
            throw error
        }
    }

    /// What jobs may take of `max-memory-bytes`.
    private var jobBytesMax: Int {
        let others =
            MemoryOwners.fixedBytes(models) + configuration[.targetCacheBytes]
            + configuration[.bufferPoolBytes]
        return max(0, configuration[.maxMemoryBytes] - others)
    }

    /// Reads a pair's files and checks all that their headers tell.
    private func work(
        _ pair: ComparedPair, _ options: ComparisonOptions, _ store: TargetStore, _ bytesMax: Int
    ) -> PairWork {
        do throws(ServiceError) {
            let job = try self.job(pair, options, keeping: store)
            let bytes = try job.workBytes().plus(job.payloadBytes)
            guard bytes <= bytesMax else {
                throw ServiceError(
                    .batchTooLarge,
                    "The pair would take \(bytes) bytes, and max-memory-bytes leaves \(bytesMax); "
                        + "send smaller images, or allow more.",
                    limit: bytesMax, actual: bytes, setting: .maxMemoryBytes)
            }
            return .job(job, bytes: bytes)
        } catch {
            return .over(.failure(error))
        }
    }
}

/// Keeps what is computed from targets that come again, as of one style for many pictures, and nothing
/// of those that come once.
private struct RecentTargets {
    /// How far back a target is looked for.
    private static let countMax = 32

    private let kept: TargetStore
    private let none = TargetStore(bytesMax: 0)
    private var paths: [UTF8Text] = []

    init(bytesMax: Int) { kept = TargetStore(bytesMax: bytesMax) }

    /// Where statistics of a pair's target are looked up and kept.
    mutating func store(for pair: ComparedPair) -> TargetStore {
        let path = UTF8Text(pair.target)
        guard !paths.contains(path) else { return kept }
        if paths.count == Self.countMax { paths.removeFirst() }
        paths.append(path)
        return none
    }
}

/// Whether a run is to end before it is done: because its caller says so or because an outcome could
/// not be handed over.
final class Stop: Sendable {
    private let isCancelled: @Sendable () -> Bool
    private let hasFailed = Atomic<Bool>(false)

    init(_ isCancelled: @escaping @Sendable () -> Bool) { self.isCancelled = isCancelled }

    var isAsked: Bool { hasFailed.load(ordering: .relaxed) || isCancelled() }

    func ask() { hasFailed.store(true, ordering: .relaxed) }
}
