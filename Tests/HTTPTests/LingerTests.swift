// Clients that send on after they were refused.

import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct LingerTests {
    private static let refused =
        "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n"

    // Each piece renews what is left of the idle time: the whole takes several times as long.
    @Test func `reads on while a refused client makes progress`() throws {
        let server = try TestServer { $0.lingerIdleTimeoutMs = 1000 }
        let client = try server.connect()
        try client.send(Self.refused)
        let end = ContinuousClock.now + .milliseconds(2500)
        while .now < end {
            try client.send([UInt8](repeating: 1, count: 10_000))
            client.pause(ms: 20)
        }
        #expect(try client.readResponse()?.status == 401)
        #expect(client.isClosedByServer())
    }

    @Test func `stops reading after so many bytes`() throws {
        let server = try TestServer { $0.lingerBytesMax = 1_000_000 }
        let client = try server.connect()
        try client.send(Self.refused)
        #expect(throws: SocketClient.Failure.self) {
            try client.send([UInt8](repeating: 1, count: 100_000_000))
        }
    }

    @Test func `stops reading after a time, whatever comes`() throws {
        let server = try TestServer { $0.lingerTimeoutMs = 100 }
        let client = try server.connect()
        try client.send(Self.refused)
        let end = ContinuousClock.now + .seconds(9)
        #expect(throws: SocketClient.Failure.self) {
            while .now < end {
                try client.send("x")
                client.pause(ms: 5)
            }
        }
    }

    @Test func `stops waiting for a client that sends nothing more`() throws {
        let server = try TestServer { $0.lingerIdleTimeoutMs = 50 }
        let client = try server.connect()
        try client.send(Self.refused)
        #expect(try client.readResponse()?.status == 401)
        #expect(client.isClosedByServer())
        try server.waitUntilOnly(try server.connect())
    }

    // The idle time never passes in this test: their own ends are what closes them.
    @Test(arguments: [true, false])
    func `holds no place for refused clients that left`(resets: Bool) async throws {
        let server = try TestServer {
            $0.connectionsMax = 20
            $0.reservedConnections = 1
            $0.lingerIdleTimeoutMs = 60_000
            $0.idleMinMs = 60_000
        }
        for _ in 0..<1000 {
            let client = try server.connect()
            try client.send(Self.refused)
            try client.send([UInt8](repeating: 1, count: 2000))
            if resets { client.reset() } else { client.close() }
            _ = await server.handler.nextAdmission()
        }
        let good = try server.connect()
        try good.send(get("/"))
        #expect(try good.readResponse()?.status == 200)
    }
}
