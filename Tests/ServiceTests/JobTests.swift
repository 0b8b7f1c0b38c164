import Foundation
import Glibc
import HTTP
import HTTPTypes
import Service
import Synchronization
import TestSupport
import Testing

/// An endpoint whose work is a test's.
private struct TestEndpoint: JobEndpoint {
    let mediaTypes: [MediaType] = []
    var fails = false
    let work: @Sendable (inout JobRun) throws(ServiceError) -> HTTPServerResponse

    func prepare(_ request: ServiceRequest, models: Models) throws(ServiceError) -> JobRequest {
        if fails { throw Self.fault }
        return JobRequest(workBytes: 1_000_000, work: work)
    }

    static let fault = ServiceError(.internalError, "The work went wrong.")
}

/// Jobs that fail, that do not look at the clock, and that nobody waits for any more.
struct JobTests {
    private func service(_ endpoint: TestEndpoint, sink: LogSink? = nil) throws -> RunningService {
        let flags = sink == nil ? "--workers=1" : "--log-format=json"
        return try RunningService(
            flags, sink: sink, routes: [Route("/test", .post, job: endpoint)])
    }

    @Test(arguments: [false, true])
    func `answers 500 with an id to a job that fails, logs it and goes on`(
        inPreparation: Bool
    ) throws {
        let pipe = try LogPipe()
        let endpoint = TestEndpoint(fails: inPreparation) { _ throws(ServiceError) in
            throw TestEndpoint.fault
        }
        let service = try service(endpoint, sink: pipe.sink)
        for _ in 0..<3 {
            let response = try service.send("POST", "/test", [("X-Request-Id", "f1")])
            #expect(response.status == 500)
            #expect(response.code == "internal")
            #expect(response["x-request-id"] == "f1")
        }
        #expect(try service.metric("styleloss_jobs_total{outcome=\"error\"}") == 3)
        try service.wait("styleloss_http_requests_in_flight", is: 1)
        let lines = pipe.read().split(separator: "\n")
        let failures = lines.filter { $0.contains("\"f1\"") }
        #expect(failures.count == 3)
        #expect(failures.allSatisfy { $0.contains("\"level\":\"error\"") }, "\(failures)")
        #expect(try service.post("/v1/losses?layers=relu1_1", Sample.pair()).status == 200)
    }

    @Test func `answers 504 at the deadline of work that does not look at the clock`() throws {
        let gate = DispatchSemaphore(value: 0)
        let service = try service(
            TestEndpoint { _ in
                gate.wait()
                return HTTPServerResponse(status: .ok)
            })
        let before = try #require(try service.metric("styleloss_jobs_memory_bytes"))
        let response = try service.send("POST", "/test", [("X-Request-Timeout-Ms", "150")])
        #expect(response.status == 504)
        #expect(try service.metric("styleloss_jobs_total{outcome=\"timeout\"}") == 1)
        // It runs still, and keeps what it took until it ends.
        #expect(try service.metric("styleloss_jobs_running") == 1)
        #expect(try service.metric("styleloss_jobs_memory_bytes") == before + 1_000_000)
        gate.signal()
        try service.wait("styleloss_jobs_running", is: 0)
        #expect(try service.metric("styleloss_jobs_memory_bytes") == before)
        #expect(try service.metric("styleloss_jobs_total{outcome=\"ok\"}") == 0)
    }

    @Test(arguments: [true, false])
    func `tells work at its next step that its client left`(resets: Bool) throws {
        let steps = Atomic(0)
        let service = try service(
            TestEndpoint { run throws(ServiceError) in
                while true {
                    steps.add(1, ordering: .relaxed)
                    try run.checkCancelled()
                }
            })
        let client = try SocketClient(port: service.port)
        try client.send(RunningService.request("POST", "/test"))
        try service.wait("styleloss_jobs_running", is: 1)
        if resets { client.reset() } else { client.close() }
        try service.wait("styleloss_jobs_total{outcome=\"cancelled\"}", is: 1)
        try service.wait("styleloss_jobs_running", is: 0)
        #expect(steps.load(ordering: .relaxed) > 0)
    }
}
