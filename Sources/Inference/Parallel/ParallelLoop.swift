import Synchronization

/// One parallel loop: items that any worker may claim until none is left.
///
/// The thread that opened it claims from the front, helpers from the back, so that of two images each
/// thread mostly keeps to one and finds it in its cache.
final class ParallelLoop: @unchecked Sendable {
    // Unchecked: `body` is called by several threads at once, as its caller promises it may be, and
    // never after `WorkerPool.parallel` returned.
    private var body: ((Int, Workspace) -> Void)?
    // The unclaimed range: the front in the low, the end in the high 32 bits.
    private let unclaimed: Atomic<UInt64>
    /// Floats of scratch memory that the body may ask for.
    let scratch: Int
    /// Helpers inside the loop.
    let helpers = Atomic<Int>(0)

    init(count: Int, scratch: Int, body: @escaping (Int, Workspace) -> Void) {
        self.scratch = scratch
        self.body = body
        unclaimed = Atomic(UInt64(count) << 32)
    }

    var isExhausted: Bool {
        let range = unclaimed.load(ordering: .relaxed)
        return range & 0xFFFF_FFFF >= range >> 32
    }

    /// Forgets the loop's body, once no thread is inside it: the body must not outlive its caller.
    func close() { body = nil }

    /// Runs items from the front until none is unclaimed.
    func runFromFront(_ workspace: Workspace) {
        while let body, let item = claim(fromFront: true) { body(item, workspace) }
    }

    /// Runs items from the back until none is unclaimed or `shouldLeave` says so.
    func runFromBack(_ workspace: Workspace, shouldLeave: () -> Bool) {
        while !shouldLeave(), let body, let item = claim(fromFront: false) {
            body(item, workspace)
        }
    }

    private func claim(fromFront: Bool) -> Int? {
        var range = unclaimed.load(ordering: .relaxed)
        while true {
            let front = range & 0xFFFF_FFFF
            let end = range >> 32
            guard front < end else { return nil }
            let next = fromFront ? (front + 1) | end << 32 : front | (end - 1) << 32
            let exchange = unclaimed.weakCompareExchange(
                expected: range, desired: next, ordering: .acquiringAndReleasing)
            if exchange.exchanged { return Int(fromFront ? front : end - 1) }
            range = exchange.original
        }
    }
}
