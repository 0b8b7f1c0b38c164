import Inference
import Synchronization
import Testing

struct WorkerPoolTests {
    @Test(arguments: [1, 2, 4], [0, 1, 2, 7, 1000])
    func `every item of a loop runs once`(workers: Int, count: Int) {
        let pool = WorkerPool(workers: workers)
        defer { pool.stop() }
        let runs = (0..<count).map { _ in Counter() }
        pool.runAndWait { $0.parallel(count) { runs[$0].increment() } }
        #expect(runs.allSatisfy { $0.value == 1 })
    }

    @Test func `many loops after each other all end`() {
        let pool = WorkerPool(workers: 3)
        defer { pool.stop() }
        let total = Counter()
        pool.runAndWait { team in
            for _ in 0..<2000 { team.parallel(5) { _ in total.increment() } }
        }
        #expect(total.value == 10_000)
    }

    @Test func `jobs of one worker run in the order they came`() {
        let pool = WorkerPool(workers: 1)
        defer { pool.stop() }
        let order = Mutex<[Int]>([])
        for job in 0..<50 { pool.submit { _ in order.withLock { $0.append(job) } } }
        pool.runAndWait { _ in }
        #expect(order.withLock { $0 } == Array(0..<50))
    }

    @Test func `an error of the body reaches the caller who waits`() {
        struct Failure: Error {}
        let pool = WorkerPool(workers: 2)
        defer { pool.stop() }
        #expect(throws: Failure.self) { try pool.runAndWait { _ in throw Failure() } }
    }

    @Test func `work goes on after the pool was stopped, on the thread that waits for it`() {
        let pool = WorkerPool(workers: 2)
        pool.stop()
        let sum = pool.runAndWait { team in team.map(4) { $0 }.reduce(0, +) }
        #expect(sum == 6)
    }

    @Test func `a job that waits when the pool stops is dropped, and one that comes later`() {
        let pool = WorkerPool(workers: 1)
        let (begun, end) = (Counter(), Counter())
        pool.submit { _ in
            begun.increment()
            while end.value == 0 {}
        }
        while begun.value == 0 {}
        let (waiting, late) = (TestJob(), TestJob())
        pool.submit(waiting)
        #expect(pool.waitingCount == 1)
        pool.stop()
        pool.submit(late)
        end.increment()
        for job in [waiting, late] {
            #expect(job.drops.value == 1)
            #expect(job.runs.value == 0)
        }
    }

    @Test func `a job is withdrawn once, before it runs`() {
        let pool = WorkerPool(workers: 1)
        defer { pool.stop() }
        let (begun, end) = (Counter(), Counter())
        pool.submit { _ in
            begun.increment()
            while end.value == 0 {}
        }
        while begun.value == 0 {}
        let (first, second) = (TestJob(), TestJob())
        pool.submit(first)
        pool.submit(second)
        #expect(pool.withdraw(first))
        #expect(!pool.withdraw(first))
        end.increment()
        pool.runAndWait { _ in }
        #expect(first.runs.value == 0)
        #expect(first.drops.value == 0)
        #expect(second.runs.value == 1)
        #expect(!pool.withdraw(second))
    }

    @Test func `values come in order, and the error of the first item that has one`() throws {
        struct Failure: Error, Equatable { let item: Int }
        let pool = WorkerPool(workers: 3)
        defer { pool.stop() }
        #expect(pool.runAndWait { $0.map(100) { $0 * $0 } } == (0..<100).map { $0 * $0 })
        #expect(throws: Failure(item: 7)) {
            try pool.runAndWait { team in
                try team.map(100) { item throws(Failure) in
                    if item >= 7 { throw Failure(item: item) }
                }
            }
        }
    }

    @Test func `an idle worker helps the one that has a loop open`() {
        let pool = WorkerPool(workers: 2)
        defer { pool.stop() }
        // Each of the two items ends only when the other has begun: one thread could not.
        let begun = Counter()
        pool.runAndWait { team in
            team.parallel(2) { _ in
                begun.increment()
                while begun.value < 2 {}
            }
        }
        #expect(begun.value == 2)
        #expect(pool.busySeconds > 0)
    }

    @Test func `a waiting job takes a helper away from a loop`() {
        let pool = WorkerPool(workers: 2)
        defer { pool.stop() }
        let answered = Counter()
        pool.runAndWait { team in
            // The loop ends only when the job submitted inside it has run, on the other worker.
            pool.submit { _ in answered.increment() }
            team.parallel(64) { item in
                if item == 0 { while answered.value == 0 {} }
            }
        }
        #expect(answered.value == 1)
    }
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .acquiring) }
    func increment() { count.add(1, ordering: .acquiringAndReleasing) }
}

private final class TestJob: PoolJob {
    let runs = Counter()
    let drops = Counter()
    func run(_ team: Team) { runs.increment() }
    func drop() { drops.increment() }
}
