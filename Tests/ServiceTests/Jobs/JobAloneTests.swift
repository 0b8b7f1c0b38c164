import HTTP
import Inference
import Service
import Synchronization
import Testing

/// A job without a server or a queue: who ends it, and what it gives back when.
struct JobAloneTests {
    /// What a job told of its end, and the permit it handed on.
    private final class Ending: Sendable {
        private struct State: ~Copyable {
            var statuses: [Int] = []
            var permit: Permit?
        }
        private let state = Mutex(State())

        var statuses: [Int] { state.withLock { $0.statuses } }

        func answer(_ permit: consuming Permit?, _ response: HTTPServerResponse) {
            var permit = permit
            state.withLock { state in
                state.statuses.append(response.status.code)
                state.permit = permit.take()
            }
        }

        func release() { state.withLock { $0.permit = nil } }
    }

    /// A job for its own work to name.
    private final class Box: Sendable {
        let job = Mutex<Job?>(nil)
    }

    private static let pool = WorkerPool(workers: 1)

    private let budget = JobBudget(
        placesMax: 10, bodyBytesMax: 1 << 20, memoryBytesMax: 1 << 30, answerBytesMax: 1 << 20,
        others: MemoryOwners(
            targets: TargetStore(bytesMax: 0), readiness: Readiness(), arrivingBytes: { 0 }))
    private let ending = Ending()

    private func job(
        within: Duration = .seconds(60),
        _ work: @escaping Job.Work = { _ in HTTPServerResponse(status: .ok, body: [1, 2, 3]) }
    ) throws -> Job {
        let ending = ending
        return Job(
            deadline: .now + within, permit: try budget.permit(bodyBytes: 100), metrics: Metrics(),
            prepare: { _ in JobRequest(workBytes: 5000, work: work) },
            answer: { permit, response, _ in ending.answer(permit, response) })
    }

    private func run(_ job: Job) { Self.pool.runAndWait { job.run($0) } }

    @Test func `answers once, and keeps the memory of the answer until that is read`() throws {
        let job = try job()
        run(job)
        #expect(ending.statuses == [200])
        #expect(budget.usage.places == 0 && budget.usage.memoryBytes == 3)
        job.expire()
        job.abandon()
        job.drop()
        run(job)
        #expect(ending.statuses == [200])
        ending.release()
        #expect(budget.usage.memoryBytes == 0)
    }

    @Test func `does no work after its deadline`() throws {
        let job = try job(within: .zero) { _ in HTTPServerResponse(status: .ok) }
        run(job)
        #expect(ending.statuses == [504])
        ending.release()
        #expect(budget.usage.places == 0 && budget.usage.memoryBytes == 0)
    }

    @Test func `ends at its deadline while it waits, and is not run after that`() throws {
        let job = try job()
        job.expire()
        #expect(ending.statuses == [504])
        #expect(budget.usage.places == 0)
        run(job)
        #expect(ending.statuses == [504])
    }

    @Test func `answers at its deadline while it runs, and holds what it took`() throws {
        let budget = budget
        let own = Box()
        let placesDuring = Mutex(0)
        let job = try job { _ in
            own.job.withLock { $0?.expire() }
            placesDuring.withLock { $0 = budget.usage.places }
            return HTTPServerResponse(status: .ok)
        }
        own.job.withLock { $0 = job }
        run(job)
        own.job.withLock { $0 = nil }
        #expect(placesDuring.withLock { $0 } == 1)
        #expect(ending.statuses == [504])
        #expect(budget.usage.places == 0 && budget.usage.memoryBytes == 0)
    }

    @Test func `is over at once when its client leaves before it ran`() throws {
        let job = try job()
        job.abandon()
        #expect(ending.statuses == [504])
        ending.release()
        #expect(budget.usage.places == 0 && budget.usage.memoryBytes == 0)
    }

    @Test func `hears at its next step that its client left`() throws {
        let own = Box()
        let job = try job { run throws(ServiceError) in
            own.job.withLock { $0?.abandon() }
            try run.checkCancelled()
            return HTTPServerResponse(status: .ok)
        }
        own.job.withLock { $0 = job }
        run(job)
        own.job.withLock { $0 = nil }
        #expect(ending.statuses == [504])
    }

    @Test func `says that the service leaves when it is dropped`() throws {
        try job().drop()
        #expect(ending.statuses == [503])
    }

    @Test func `answers the error of its work, and of its preparation`() throws {
        run(try job { _ throws(ServiceError) in throw ServiceError(.internalError, "It broke.") })
        let ending = ending
        run(
            Job(
                deadline: .now + .seconds(60), permit: try budget.permit(bodyBytes: 1),
                metrics: Metrics(),
                prepare: { intake throws(ServiceError) in
                    try intake.charge(1 << 40)
                    return JobRequest(workBytes: 0) { _ in HTTPServerResponse(status: .ok) }
                }, answer: { permit, response, _ in ending.answer(permit, response) }))
        #expect(ending.statuses == [500, 413])
    }
}
