import Codecs
import Foundation
import Service
import Synchronization
import TestSupport
import Testing

/// A worker that is kept busy until the test lets it go.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let isOpen = Mutex(false)

    init(_ service: RunningService) {
        let semaphore = semaphore
        service.service.pool.submit { _ in semaphore.wait() }
    }

    func open() {
        let opens = isOpen.withLock { isOpen in
            defer { isOpen = true }
            return !isOpen
        }
        if opens { semaphore.signal() }
    }

    deinit { open() }
}

struct AdmissionTests {
    private let path = "/v1/losses?layers=relu1_1"

    private func head(_ bytes: Int, _ more: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: \(Sample.pair().contentType)\r\n"
            + "Content-Length: \(bytes)\r\n\(more)\r\n"
    }

    /// A client whose whole request waits for a worker, the first so many of them.
    private func waiting(
        _ service: RunningService, _ form: Form = Sample.pair(), count: Double
    ) throws -> SocketClient {
        let client = try SocketClient(port: service.port)
        try client.send(
            RunningService.request("POST", path, [("Content-Type", form.contentType)], form.body))
        try service.wait("styleloss_jobs_queued", is: count)
        return client
    }

    /// A pair of so many bytes or a few more.
    private func large(_ bytes: Int) -> Form {
        Form(
            ("output", "image/png", Sample.png(1)), ("target", "image/png", Sample.png(2)),
            (
                "options", nil,
                Array("{\"layers\":[\"relu1_1\"]".utf8)
                    + [UInt8](repeating: UInt8(ascii: " "), count: bytes) + Array("}".utf8)
            ))
    }

    @Test func `refuses with 429 when every place is taken, before the body`() throws {
        let service = try RunningService("--workers=1", "--queue-jobs=1")
        let gate = Gate(service)
        let clients = try (1...2).map { try waiting(service, count: Double($0)) }
        let third = try SocketClient(port: service.port)
        try third.send(head(1000))
        let response = try #require(try third.readResponse())
        #expect(response.status == 429)
        #expect(response.code == "queue_full")
        #expect(response["retry-after"] == "1")
        #expect(try service.get("/livez").status == 200)
        #expect(try service.metric("styleloss_jobs_total{outcome=\"rejected\"}") == 1)
        // The clients leave, and their places are free again.
        for client in clients { client.reset() }
        try service.wait("styleloss_queue_size_bytes", is: 0)
        gate.open()
        #expect(try service.post(path, Sample.pair()).status == 200)
    }

    @Test func `gives no place to a body that is not here`() throws {
        let service = try RunningService("--workers=1", "--queue-jobs=1")
        let clients = try (0..<8).map { _ in
            let client = try SocketClient(port: service.port)
            try client.send(head(1000, "Expect: 100-continue\r\n"))
            #expect(try client.readResponse()?.status == 100)
            try client.send("x")
            return client
        }
        #expect(try service.post(path, Sample.pair()).status == 200)
        for client in clients { client.reset() }
        try service.wait("styleloss_jobs_total{outcome=\"cancelled\"}", is: 8)
    }

    @Test func `refuses with 429 when the bytes in flight are spent`() throws {
        let service = try RunningService("--workers=1", "--queue-bytes=100000")
        let gate = Gate(service)
        let first = try waiting(service, large(97_000), count: 1)
        let second = try service.post(path, Sample.pair())
        #expect(second.status == 429, "\(second.text)")
        #expect(try second.json["option"] as? String == "queue-bytes")
        first.reset()
        try service.wait("styleloss_queue_size_bytes", is: 0)
        gate.open()
    }

    @Test(arguments: [false, true])
    func `refuses with 413 a body that the queue never could hold`(isChunked: Bool) throws {
        let service = try RunningService("--queue-bytes=1024")
        let form = Sample.pair()
        let client = try SocketClient(port: service.port)
        let length =
            isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(form.body.count)"
        try client.send(
            "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: \(form.contentType)\r\n"
                + "\(length)\r\n\r\n" + (isChunked ? "800\r\n" : ""))
        if isChunked { try? client.send([UInt8](repeating: 0, count: 1025)) }
        let refusal = try #require(try client.readResponse())
        #expect(refusal.status == 413, "\(refusal.text)")
        #expect(refusal.code == "body_too_large")
        #expect(try refusal.json["option"] as? String == "queue-bytes")
        #expect(try refusal.json["limit"] as? Int == 1024)
        try service.wait("styleloss_queue_size_bytes", is: 0)
    }

    @Test func `refuses with 413 what no waiting would make fit`() throws {
        // The kernels up to relu5_3 take 207 MB more than there are in the tile domain by then.
        let service = try RunningService("--max-memory-bytes=268435456")
        let refusal = try service.post("/v1/losses?layers=relu5_3", Sample.pair())
        #expect(refusal.status == 413, "\(refusal.text)")
        #expect(refusal.code == "batch_too_large")
        #expect(try refusal.json["option"] as? String == "max-memory-bytes")
        #expect(try service.post("/v1/losses", Sample.pair()).status == 200)
    }

    /// 48 KB of features once became an answer of 3.3 GB. Beside the values there is room for what they
    /// are of, a sample and in all.
    @Test(arguments: [
        ("application/json", 25 * 512 * 512 + 64 + 4096),
        ("application/safetensors", 4 * 512 * 512 + 64 + 4096),
    ])
    func `refuses an answer that would be too large before any work`(type: String, bytes: Int)
        throws
    {
        let features = NPY.encode(shape: [1, 512, 1, 1], float32: Sample.floats(512, 7))
        let form = Form(("features.a", "application/x-npy", features))
        for (limit, status) in [(bytes - 1, 413), (bytes, 200)] {
            let service = try RunningService("--max-answer-bytes=\(limit)")
            let answer = try service.send(
                "POST", "/v1/gram?layout=nchw",
                [("Content-Type", form.contentType), ("Accept", type)], form.body)
            #expect(answer.status == status, "\(answer.text.prefix(300))")
            guard status == 413 else { continue }
            #expect(answer.code == "batch_too_large")
            #expect(try answer.json["option"] as? String == "max-answer-bytes")
            #expect(try answer.json["limit"] as? Int == limit)
            #expect(try answer.json["actual"] as? Int == bytes)
        }
    }

    @Test func `refuses with 429 when other jobs hold the memory`() throws {
        let service = try RunningService(
            "--workers=1", "--max-memory-bytes=268435456", "--queue-bytes=1073741824")
        let gate = Gate(service)
        let fixed = try ["program", "weights", "kernels"].reduce(0) { total, owner in
            total + Int(try service.metric("styleloss_memory_bytes{owner=\"\(owner)\"}") ?? 0)
        }
        let holder = try waiting(service, large(268_435_456 - fixed - 4300), count: 1)
        let refusal = try service.post(path, Sample.pair())
        #expect(refusal.status == 429, "\(refusal.text)")
        #expect(refusal.code == "memory_budget", "\(refusal.text)")
        #expect(refusal["retry-after"] == "1")
        holder.reset()
        gate.open()
    }

    @Test func `counts the memory of an answer until its client has read it`() throws {
        let service = try RunningService()
        let form = Form(("image", nil, Sample.png(1, width: 320, height: 320)))
        let client = try SocketClient(port: service.port)
        try client.send(
            RunningService.request(
                "POST", "/v1/features?layers=relu1_1", [("Content-Type", form.contentType)],
                form.body))
        try service.wait("styleloss_jobs_total{outcome=\"ok\"}", is: 1)
        // 64 channels of 320x320 floats, more than the buffers of two sockets.
        #expect(try service.metric("styleloss_jobs_memory_bytes") ?? 0 >= 26_214_400)
        #expect(try service.metric("styleloss_queue_size_bytes") == 0)
        #expect(try client.readResponse()?.status == 200)
        try service.wait("styleloss_jobs_memory_bytes", is: 0)
    }

    @Test(arguments: ["Content-Length: 1000", "Transfer-Encoding: chunked"])
    func `answers 408 to a body that is not here by the deadline the client set`(
        framing: String
    ) throws {
        let service = try RunningService.shared.get()
        let client = try SocketClient(port: service.port)
        let start = ContinuousClock.now
        try client.send(
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "X-Request-Timeout-Ms: 200\r\n\(framing)\r\n\r\n1\r\n")
        let response = try #require(try client.readResponse())
        #expect(response.status == 408)
        #expect(response.code == "request_timeout")
        #expect(response["connection"] == "close")
        #expect(.now - start >= .milliseconds(200))
        #expect(client.isClosedByServer())
    }

    @Test func `answers 504 at the deadline while every worker is busy`() throws {
        let service = try RunningService("--workers=1")
        let gate = Gate(service)
        let form = Sample.pair()
        let response = try service.send(
            "POST", path, [("Content-Type", form.contentType), ("X-Request-Timeout-Ms", "100")],
            form.body)
        #expect(response.status == 504)
        #expect(response.code == "deadline_exceeded")
        #expect(try service.metric("styleloss_jobs_total{outcome=\"timeout\"}") == 1)
        gate.open()
        #expect(try service.post(path, form).status == 200)
    }

    /// Work of a minute for one worker.
    private func enormous() -> Form {
        Form(("image", "image/png", Sample.png(1, width: 1600, height: 1600, colorType: 0)))
    }

    @Test func `answers 504 at the deadline of a job that runs, and stops it`() throws {
        let service = try RunningService("--workers=1")
        let form = enormous()
        let response = try service.send(
            "POST", "/v1/gram?layers=relu5_1",
            [("Content-Type", form.contentType), ("X-Request-Timeout-Ms", "200")], form.body)
        #expect(response.status == 504)
        #expect(response.code == "deadline_exceeded")
        #expect(try service.metric("styleloss_jobs_total{outcome=\"timeout\"}") == 1)
        try service.wait("styleloss_jobs_running", is: 0)
        try service.wait("styleloss_jobs_memory_bytes", is: 0)
        #expect(try service.post(path, Sample.pair()).status == 200)
    }

    @Test func `stops the job of a client that leaves while it runs`() throws {
        let service = try RunningService("--workers=1")
        let client = try SocketClient(port: service.port)
        let form = enormous()
        try client.send(
            RunningService.request(
                "POST", "/v1/gram?layers=relu5_1", [("Content-Type", form.contentType)], form.body))
        try service.wait("styleloss_jobs_running", is: 1)
        client.reset()
        try service.wait("styleloss_jobs_total{outcome=\"cancelled\"}", is: 1)
        try service.wait("styleloss_jobs_running", is: 0)
        try service.wait("styleloss_jobs_memory_bytes", is: 0)
    }

    @Test func `answers 503 to a job that outlives the grace of a shutdown`() throws {
        let service = try RunningService("--workers=1", "--shutdown-grace-ms=50")
        let gate = Gate(service)
        let client = try waiting(service, count: 1)
        let stopped = DispatchSemaphore(value: 0)
        service.service.drain { stopped.signal() }
        let response = try #require(try client.readResponse())
        #expect(response.status == 503)
        #expect(response.code == "draining")
        #expect(client.isClosedByServer())
        #expect(stopped.wait(timeout: .now() + 20) == .success)
        gate.open()
    }

    @Test func `answers health while every worker is busy and jobs wait`() throws {
        let service = try RunningService("--workers=1")
        let gate = Gate(service)
        let client = try SocketClient(port: service.port)
        let form = Sample.pair()
        try client.send(
            RunningService.request("POST", path, [("Content-Type", form.contentType)], form.body))
        try service.wait("styleloss_jobs_queued", is: 1)
        for path in ["/livez", "/readyz", "/metrics", "/v1/info"] {
            #expect(try service.get(path).status == 200)
        }
        gate.open()
        #expect(try client.readResponse()?.status == 200)
    }

    @Test func `drops the job of a client that leaves`() throws {
        let service = try RunningService("--workers=1")
        let gate = Gate(service)
        let client = try SocketClient(port: service.port)
        let form = Sample.pair()
        try client.send(
            RunningService.request("POST", path, [("Content-Type", form.contentType)], form.body))
        try service.wait("styleloss_jobs_queued", is: 1)
        client.reset()
        try service.wait("styleloss_jobs_total{outcome=\"cancelled\"}", is: 1)
        try service.wait("styleloss_jobs_queued", is: 0)
        #expect(try service.metric("styleloss_queue_size_bytes") == 0)
        gate.open()
    }

    @Test func `finishes what it has and then stops`() throws {
        let service = try RunningService("--workers=1")
        let gate = Gate(service)
        let client = try SocketClient(port: service.port)
        let form = Sample.pair()
        try client.send(
            RunningService.request("POST", path, [("Content-Type", form.contentType)], form.body))
        try service.wait("styleloss_jobs_queued", is: 1)
        let stopped = DispatchSemaphore(value: 0)
        service.service.drain { stopped.signal() }
        gate.open()
        let response = try #require(try client.readResponse())
        #expect(response.status == 200)
        #expect(response["connection"] == "close")
        #expect(stopped.wait(timeout: .now() + 20) == .success)
        #expect(throws: (any Error).self) { try service.get("/livez") }
    }

    @Test func `says that it is leaving while it still serves`() throws {
        let service = try RunningService("--drain-delay-ms=60000")
        service.service.drain {}
        let ready = try service.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.code == "draining")
        let losses = try service.post(path, Sample.pair())
        #expect(losses.status == 200)
        #expect(losses["connection"] == "close")
    }
}
