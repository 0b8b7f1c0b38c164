// Clients that are slow, and too many.

import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct TimeoutTests {
    @Test func `answers 408 to a head that does not end`() async throws {
        let server = try TestServer { $0.headerTimeoutMs = 30 }
        let client = try server.connect()
        try client.send("GET / HTTP/1.1\r\nHo")
        let response = try #require(try client.readResponse())
        #expect(response.status == 408)
        #expect(response["connection"] == "close")
        #expect(client.isClosedByServer())
        let end = try #require(await server.handler.nextEnd())
        #expect(end.report.outcome == .timedOut)
        #expect(end.request == nil)
    }

    @Test func `closes without a word when no head begins`() throws {
        let server = try TestServer { $0.headerTimeoutMs = 30 }
        #expect(try server.connect().isClosedByServer())
    }

    @Test func `answers 408 to a body that stops`() async throws {
        let server = try TestServer { $0.bodyIdleTimeoutMs = 30 }
        let client = try server.connect()
        try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
        #expect(try client.readResponse()?.status == 408)
        #expect(client.isClosedByServer())
        let end = try #require(await server.handler.nextEnd())
        #expect(end.report.outcome == .timedOut)
        #expect(end.request?.path == "/")
    }

    @Test func `answers 408 to a body that is not here by the deadline`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST /?within=30 HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
        #expect(try client.readResponse()?.status == 408)
        #expect(client.isClosedByServer())
    }

    @Test func `answers 408 to a body that trickles`() throws {
        let server = try TestServer {
            $0.paceGraceMs = 50
            $0.bytesPerSecondMin = 1_000_000_000
        }
        let client = try server.connect()
        try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40000000\r\n\r\n")
        // Never idle for the 30 s that a pause may take, and yet below the least pace.
        var status: Int?
        while status == nil {
            try client.send("x")
            status = client.hasInput ? try client.readResponse()?.status : nil
        }
        #expect(status == 408)
    }

    @Test func `closes an idle connection`() throws {
        let server = try TestServer { $0.keepaliveTimeoutMs = 30 }
        let client = try server.connect()
        try client.send(get("/"))
        #expect(try client.readResponse()?.status == 200)
        // An empty line behind a request is not the start of another.
        try client.send("\r\n")
        #expect(client.isClosedByServer())
    }

    @Test func `drops a client that does not read its response`() async throws {
        let server = try TestServer { $0.writeTimeoutMs = 30 }
        let client = try server.connect(receiveBuffer: 4096)
        try client.send(get("/big"))
        let report = try #require(await server.handler.nextEnd()).report
        #expect(report.outcome == .timedOut)
        #expect(report.status == .ok)
        #expect(report.bytesOut < TestHandler.bigBody.count)
    }

    @Test func `tells clients over the cap, yet serves health`() throws {
        let server = try TestServer { $0.connectionsMax = 1 }
        let first = try server.connect()
        try first.send(post("/", "in"))
        #expect(try first.readResponse()?.text == "in")

        let second = try server.connect()
        try second.send(get("/"))
        let refusal = try #require(try second.readResponse())
        #expect(refusal.status == 503)
        #expect(refusal["connection"] == "close")
        #expect(second.isClosedByServer())
        #expect(server.server.rejectedConnections == 1)

        let health = try server.connect()
        try health.send(get("/health"))
        #expect(try health.readResponse()?.status == 200)
        #expect(health.isClosedByServer())

        try first.send(post("/", "still in"))
        #expect(try first.readResponse()?.text == "still in")
    }

    @Test func `closes what is idle for long to make room for a new client`() async throws {
        let server = try TestServer {
            $0.connectionsMax = 2
            $0.reservedConnections = 1
            $0.idleMinMs = 0
        }
        let held = try server.connect()
        try held.send(get("/hold"))
        _ = await server.handler.nextRequest()
        let idle = try server.connect()
        try idle.send(get("/"))
        #expect(try idle.readResponse()?.status == 200)
        for _ in 0..<3 {
            let next = try server.connect()
            try next.send(get("/"))
            #expect(try next.readResponse()?.status == 200)
        }
        #expect(idle.isClosedByServer())
        #expect(server.server.rejectedConnections == 0)
        server.handler.answerHeld()
        #expect(try held.readResponse()?.text == "held")
    }

    // Each of the slow ones has the only place when the next client comes.
    @Test(arguments: [
        "", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx", get("/big"),
        "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx",
        "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\nx",
    ])
    func `lets no client that does not get on keep another out`(bytes: String) async throws {
        let server = try TestServer {
            $0.connectionsMax = 1
            $0.reservedConnections = 1
            $0.idleMinMs = 0
            $0.bytesPerSecondMin = 1 << 40
        }
        for _ in 0..<3 {
            let slow = try server.connect(receiveBuffer: 4096)
            try slow.send(bytes)
            // A request that is being handled has its place by right.
            while bytes == get("/big"), !slow.hasInput {}
            let good = try server.connect()
            try good.send(get("/"))
            #expect(try good.readResponse()?.status == 200)
        }
        #expect(server.server.rejectedConnections == 0)
    }

    // All the time in the world for heads, and still somebody who asks for health is heard.
    @Test func `answers health while slow heads hold every place and the reserve`() throws {
        let server = try TestServer {
            $0.connectionsMax = 4
            $0.reservedConnections = 2
            $0.headerTimeoutMs = 3_600_000
            $0.reservedTimeoutMs = 3_600_000
            $0.idleMinMs = 3_600_000
            $0.silenceMaxMs = 3_600_000
        }
        let slow = try (0..<32).map { number in
            let client = try server.connect()
            // Half of them have begun a head; of the first that are not in time, none is whole.
            if number.isMultiple(of: 2) { try client.send("GET / HTTP/1.1\r\nHo") }
            return client
        }
        for _ in 0..<8 {
            let probe = try server.connect()
            try probe.send(get("/health"))
            #expect(try probe.readResponse()?.status == 200)
            let other = try server.connect()
            try other.send(get("/"))
            #expect(try other.readResponse()?.status == 503)
        }
        // Those with a place of their own have kept it, and are served when they get on.
        for client in slow[..<4] { #expect(!client.hasInput) }
        try slow[0].send("st: h\r\n\r\n")
        #expect(try slow[0].readResponse()?.status == 200)
        try slow[1].send(get("/"))
        #expect(try slow[1].readResponse()?.status == 200)
    }

    // Its head is in the socket before anybody wants its place.
    @Test func `throws out nobody whose request is here`() throws {
        let server = try TestServer {
            $0.connectionsMax = 1
            $0.reservedConnections = 1
            $0.idleMinMs = 0
            $0.silenceMaxMs = 0
        }
        for _ in 0..<10 {
            let clients = try (0..<4).map { _ in
                let client = try server.connect()
                try client.send(get("/health"))
                return client
            }
            for client in clients { #expect(try client.readResponse()?.status == 200) }
        }
    }

    @Test func `cuts off an answer that is not taken by the deadline of its request`() async throws
    {
        let server = try TestServer()
        let client = try server.connect(receiveBuffer: 4096)
        try client.send(get("/big?within=100"))
        let report = try #require(await server.handler.nextEnd()).report
        #expect(report.outcome == .timedOut)
        #expect(report.status == .ok)
    }

    @Test func `lets clients wait when the reserve is taken too`() async throws {
        let server = try TestServer {
            $0.connectionsMax = 1
            $0.reservedConnections = 0
        }
        let first = try server.connect()
        try first.send(get("/"))
        #expect(try first.readResponse()?.status == 200)
        let second = try server.connect()
        try second.send(get("/"))
        #expect(server.server.openConnections == 1)
        first.close()
        #expect(try second.readResponse()?.status == 200)
    }
}
