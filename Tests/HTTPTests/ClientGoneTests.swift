// Clients that leave, wholly or by half.

import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct ClientGoneTests {
    /// Passes over the exchange that was answered.
    private func expectGoneBehindAnAnswer(_ server: TestServer) async throws {
        let outcome = await server.handler.next { event -> HTTPExchange.Outcome? in
            guard case .finished(let exchange) = event, exchange.status == nil else { return nil }
            return exchange.outcome
        }
        #expect(outcome == .clientGone)
    }

    private func expectGone(_ server: TestServer) async throws {
        let isGone = await server.handler.next {
            if case .clientGone = $0 { true } else { nil }
        }
        #expect(isGone == true)
        let exchange = try #require(await server.handler.nextExchange())
        #expect(exchange.outcome == .clientGone)
        #expect(exchange.status == nil)
    }

    @Test func `notices a reset while the request is handled`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(get("/hold"))
        _ = await server.handler.nextRequest()
        client.reset()
        try await expectGone(server)
    }

    @Test func `notices a reset behind pipelined bytes`() async throws {
        let server = try TestServer { $0.peerCheckMs = 5 }
        let client = try server.connect()
        try client.send(get("/hold"))
        _ = await server.handler.nextRequest()
        try client.send(get("/next"))
        client.reset()
        try await expectGone(server)
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
        try await expectGoneBehindAnAnswer(server)
    }

    // A closed TCP client looks half-closed until something is sent to it.
    @Test func `notices a close while the request is handled`() async throws {
        let server = try TestServer { $0.peerCheckMs = 5 }
        let client = try server.connect()
        try client.send(post("/hold", "x"))
        _ = await server.handler.nextRequest()
        client.close()
        try await expectGone(server)
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
        _ = await handler.next { if case .clientGone = $0 { true } else { nil } }
        handler.answerHeld()
        #expect(try halfClosed.readResponse()?.text == "held")
        await server.shutdown(graceMs: 1000)
    }

    @Test(arguments: [true, false])
    func `abandons a body that will not come`(resets: Bool) async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
        _ = await server.handler.next { if case .admitted = $0 { true } else { nil } }
        if resets { client.reset() } else { client.close() }
        let isAbandoned = await server.handler.next {
            if case .abandoned = $0 { true } else { nil }
        }
        #expect(isAbandoned == true)
        #expect(await server.handler.nextExchange()?.outcome == .clientGone)
    }

    @Test func `tells a responder once, and at once when asked late`() async {
        let responder = HTTPResponder { _ in }
        responder.onClientGone { Issue.record("the client has not left") }
        #expect(!responder.isClientGone)
        responder.send(HTTPServerResponse(status: .ok))
        responder.send(HTTPServerResponse(status: .ok))
        #expect(!responder.isClientGone)
    }
}
