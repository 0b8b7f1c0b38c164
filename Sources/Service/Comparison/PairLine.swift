import Dispatch
import Inference
import Synchronization

/// What there is to do for a pair.
enum PairWork {
    /// - bytes: what it takes while it is on its way.
    case job(LossJob, bytes: Int)
    /// Nothing any more.
    case over(Comparison.Outcome)

    fileprivate var bytes: Int {
        switch self {
        case .job(_, let bytes): bytes
        case .over: 0
        }
    }
}

/// The pairs on their way, in order: those whose work waits, runs or is done and those whose outcome
/// was clear before. There are as many as keep the workers busy while the first of them is slow.
struct PairLine {
    private struct Entry {
        let pair: ComparedPair
        let bytes: Int
        let job: PairJob
    }

    let placesMax: Int
    let bytesMax: Int
    private var entries: [Entry] = []
    private var bytes = 0

    init(placesMax: Int, bytesMax: Int) {
        self.placesMax = placesMax
        self.bytesMax = bytesMax
    }

    var isEmpty: Bool { entries.isEmpty }

    func hasRoom(for work: PairWork) -> Bool {
        entries.isEmpty || entries.count < placesMax && bytes.plus(work.bytes) <= bytesMax
    }

    mutating func append(_ pair: ComparedPair, _ work: PairWork, _ stop: Stop, _ pool: WorkerPool) {
        let job = PairJob(work, stop)
        entries.append(Entry(pair: pair, bytes: work.bytes, job: job))
        bytes += work.bytes
        if case .job = work { pool.submit(job) }
    }

    /// Waits for the first pair and hands its outcome over, unless it was given up.
    mutating func handOverFirst<Failure: Error>(
        _ stop: Stop, _ take: (ComparedPair, Comparison.Outcome) throws(Failure) -> Void
    ) throws(Failure) {
        let entry = entries.removeFirst()
        bytes -= entry.bytes
        guard let outcome = entry.job.wait() else { return }
        if case .failure(let error) = outcome, error.code == .deadlineExceeded, stop.isAsked {
            return
        }
        try take(entry.pair, outcome)
    }

    mutating func waitForAll() {
        for entry in entries { _ = entry.job.wait() }
        entries = []
    }
}

/// A pair's work in the pool's line.
private final class PairJob: PoolJob {
    private let work: Mutex<LossJob?>
    private let outcome: Mutex<Comparison.Outcome?>
    private let stop: Stop
    private let done = DispatchSemaphore(value: 0)

    init(_ work: PairWork, _ stop: Stop) {
        self.stop = stop
        var (job, result): (LossJob?, Comparison.Outcome?)
        switch work {
        case .job(let work, _): job = work
        case .over(let outcome): result = outcome
        }
        self.work = Mutex(job)
        outcome = Mutex(result)
        if result != nil { done.signal() }
    }

    func run(_ team: Team) {
        // Out of here, so that the files' bytes go when the work is done.
        let job = work.withLock { $0.take() }
        let result = job.map { job -> Comparison.Outcome in
            guard !stop.isAsked else { return .failure(.deadlineExceeded) }
            return Comparison.outcome(job, team.cancelled { self.stop.isAsked })
        }
        outcome.withLock { $0 = result }
        done.signal()
    }

    func drop() { done.signal() }

    /// What came of it; nil when the pool was stopped before. To be called once.
    func wait() -> Comparison.Outcome? {
        done.wait()
        return outcome.withLock { $0.take() }
    }
}
