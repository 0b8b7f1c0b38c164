// Clients that leave, wholly or by half.

import HTTP
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite struct ClientGoneTests {
    /// Passes over exchanges that were answered.
    private func expectGone(_ handler: TestHandler) async throws {
        let outcome = await handler.next { event -> HTTPReport.Outcome? in
            guard case .finished(let end) = event, end.report.status == nil else { return nil }
            return end.report.outcome
        }
        #expect(outcome == .clientGone)
    }

    @Test func `notices a reset while the request is handled`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(get("/hold"))
        _ = await server.handler.nextRequest()
        client.reset()
        try await expectGone(server.handler)
    }

    @Test func `notices a reset behind pipelined bytes`() async throws {
        let server = try TestServer { $0.peerCheckMs = 5 }
        let client = try server.connect()
        try client.send(get("/hold"))
        _ = await server.handler.nextRequest()
        try client.send(get("/next"))
        client.reset()
        try await expectGone(server.handler)
    }

    // Input that waits while a request is handled pauses the source that reports resets; it has to be
    // at work again for the next request, also when that one was read long before.
    @Test func `notices a reset during the second of pipelined requests`() async throws {
        let server = try TestServer { $0.peerCheckMs = 5 }
        let client = try server.connect()
        try client.send(get("/hold") + get("/hold"))
        _ = await server.handler.nextRequest()
        try client.send(get("/never"))
        server.handler.answerHeld()
        #expect(try client.readResponse()?.text == "held")
        _ = await server.handler.nextRequest()
        client.reset()
        try await expectGone(server.handler)
    }

    // A closed TCP client looks half-closed until something is sent to it.
    @Test func `notices a close while the request is handled`() async throws {
        let server = try TestServer { $0.peerCheckMs = 5 }
        let client = try server.connect()
        try client.send(post("/hold", "x"))
        _ = await server.handler.nextRequest()
        client.close()
        try await expectGone(server.handler)
    }

    @Test func `answers a client that closed its sending side`() async throws {
        let server = try TestServer { $0.peerCheckMs = 60_000 }
        let client = try server.connect()
        try client.send(post("/", "first") + get("/hold"))
        client.shutdownWrite()
        #expect(try client.readResponse()?.text == "first")
        _ = await server.handler.nextRequest()
        _ = await server.handler.nextRequest()
        server.handler.answerHeld()
        #expect(try client.readResponse()?.text == "held")
        #expect(client.isClosedByServer())
    }

    @Test func `asks a half-closed client by an interim response`() async throws {
        let server = try TestServer { $0.peerCheckMs = 5 }
        let client = try server.connect()
        try client.send(get("/hold"))
        client.shutdownWrite()
        #expect(try client.readResponse()?.status == 100)
        server.handler.answerHeld()
        #expect(try client.readResponse()?.text == "held")
        #expect(client.isClosedByServer())
    }

    @Test func `tells a close from a half-close on a Unix socket`() async throws {
        let path = "/tmp/http-test-\(UInt64.random(in: 0 ... .max)).sock"
        var limits = HTTPServerLimits()
        limits.peerCheckMs = 5
        let handler = TestHandler()
        let server = try HTTPServer(
            addresses: [.unix(path: path)], limits: limits, handler: handler)
        server.start()
        let halfClosed = try SocketClient(unixPath: path)
        try halfClosed.send(get("/hold"))
        halfClosed.shutdownWrite()
        _ = await handler.nextRequest()
        let closed = try SocketClient(unixPath: path)
        try closed.send(get("/hold"))
        _ = await handler.nextRequest()
        closed.close()
        try await expectGone(handler)
        handler.answerHeld()
        #expect(try halfClosed.readResponse()?.text == "held")
        await server.shutdown(graceMs: 1000)
    }

    @Test(arguments: [true, false])
    func `abandons a body that will not come`(resets: Bool) async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
        _ = await server.handler.nextAdmission()
        if resets { client.reset() } else { client.close() }
        try await expectGone(server.handler)
    }

    // A reset that comes with data is one event: nothing tells of it again.
    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello", get("/hold"), "GET / ",
    ])
    func `leaves no connection behind a reset that came with data`(bytes: String) async throws {
        let server = try TestServer {
            $0.headerTimeoutMs = 60_000
            $0.bodyIdleTimeoutMs = 60_000
            $0.peerCheckMs = 60_000
        }
        for _ in 0..<200 {
            let client = try server.connect()
            try client.send(bytes)
            client.reset()
        }
        try server.waitUntilOnly(try server.connect())
    }

    @Test func `delivers one response, and its absence when the responder goes`() {
        let delivered = Mutex<[Int]>([])
        do {
            let responder = HTTPResponder { response in
                delivered.withLock { $0.append(response?.status.code ?? 0) }
            }
            responder.send(HTTPServerResponse(status: .ok))
            responder.send(HTTPServerResponse(status: .notFound))
        }
        #expect(delivered.withLock { $0 } == [200])
        do {
            _ = HTTPResponder { response in
                delivered.withLock { $0.append(response?.status.code ?? 0) }
            }
        }
        #expect(delivered.withLock { $0 } == [200, 0])
    }
}
