// Leaving without cutting anybody off.

import Dispatch
import HTTP
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@Suite struct ShutdownTests {
    @Test func `drain closes idle connections and still accepts`() throws {
        let server = try TestServer()
        let idle = try server.connect()
        try idle.send(get("/"))
        #expect(try idle.readResponse()?.status == 200)
        server.server.drain()
        #expect(idle.isClosedByServer())
        let late = try server.connect()
        try late.send(get("/"))
        #expect(try late.readResponse()?["connection"] == "close")
        #expect(late.isClosedByServer())
    }

    @Test func `shutdown lets requests finish`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(get("/hold"))
        _ = await server.handler.nextRequest()
        // Not `async let`: its task may start late, while this test blocks its thread on a socket.
        let (done, completion) = AsyncStream.makeStream(of: Void.self)
        server.server.shutdown(graceMs: 10_000) { completion.finish() }
        // In the backlog or refused, but not answered with anything else than its request.
        server.handler.answerHeld()
        let response = try #require(try client.readResponse())
        #expect(response.text == "held")
        #expect(client.isClosedByServer())
        client.close()
        for await _ in done {}
        #expect(server.server.openConnections == 0)
        #expect(throws: SocketClient.Failure.self) { try server.connect() }
    }

    @Test func `shutdown ends with the grace whatever clients do`() async throws {
        let server = try TestServer()
        let stuckInBody = try server.connect()
        try stuckInBody.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
        _ = await server.handler.nextAdmission()
        let neverReads = try server.connect(receiveBuffer: 4096)
        try neverReads.send(get("/big"))
        _ = await server.handler.nextRequest()
        let isHeld = try server.connect()
        try isHeld.send(get("/hold"))
        _ = await server.handler.nextRequest()
        let (done, completion) = AsyncStream.makeStream(of: Void.self)
        server.server.shutdown(graceMs: 20) { completion.finish() }
        // Whoever reads hears why.
        for client in [stuckInBody, isHeld] {
            let response = try #require(try client.readResponse())
            #expect(response.status == 503)
            #expect(response["connection"] == "close")
        }
        for await _ in done {}
        #expect(server.server.openConnections == 0)
        var ends: [String?: HTTPReport] = [:]
        for _ in 0..<3 {
            let end = try #require(await server.handler.nextEnd())
            ends[end.request?.path] = end.report
        }
        #expect(ends["/big"]?.outcome == .clientGone)
        #expect(ends["/hold"]?.status == .serviceUnavailable)
        #expect(ends["/"]?.status == .serviceUnavailable)
    }

    @Test func `idle and silent connections do not delay a shutdown`() async throws {
        let server = try TestServer { $0.lingerIdleTimeoutMs = 60_000 }
        let idle = try server.connect()
        try idle.send(get("/"))
        #expect(try idle.readResponse()?.status == 200)
        let silent = try server.connect()
        // A later connection is served, so the silent one is known to the server.
        let last = try server.connect()
        try last.send(get("/"))
        #expect(try last.readResponse()?.status == 200)
        await server.server.shutdown(graceMs: 60_000)
        #expect(idle.isClosedByServer())
        #expect(silent.isClosedByServer())
    }

    // Whoever gets through `connect` is answered, at whatever moment that is.
    @Test func `shutdown loses nobody who has connected`() async throws {
        for _ in 0..<3 {
            let server = try TestServer()
            let port = server.port
            let lost = Mutex(0)
            let clients = DispatchGroup()
            for _ in 0..<3 {
                DispatchQueue.global().async(group: clients) {
                    while let client = try? SocketClient(port: port) {
                        try? client.send(get("/"))
                        let response = try? client.readResponse()
                        if response?.status != 200 { lost.withLock { $0 += 1 } }
                    }
                }
            }
            for _ in 0..<50 { _ = await server.handler.nextRequest() }
            await server.server.shutdown(graceMs: 10_000)
            await withCheckedContinuation { done in
                clients.notify(queue: .global()) { done.resume() }
            }
            #expect(lost.withLock { $0 } == 0)
        }
    }

    @Test func `shutdown of a server that never started completes`() async throws {
        let server = try HTTPServer(
            addresses: [.tcp(host: "127.0.0.1", port: 0)], limits: HTTPServerLimits(),
            handler: TestHandler())
        await server.shutdown(graceMs: 1000)
    }
}
