// Bodies that are on their way, and share what there is for them.

import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct ArrivalsTests {
    private static func head(_ length: Int) -> String {
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n"
    }

    @Test func `takes nothing for what is only announced`() throws {
        let server = try TestServer { $0.arrivingBytesMax = TestHandler.bodyBytesMax }
        let silent = try (0..<8).map { _ in
            let client = try server.connect()
            try client.send(Self.head(TestHandler.bodyBytesMax) + "x")
            return client
        }
        let client = try server.connect()
        let body = [UInt8](repeating: 1, count: 1_000_000)
        for _ in 0..<20 {
            try client.send(Array(Self.head(body.count).utf8) + body)
            #expect(try client.readResponse()?.body.count == body.count)
        }
        for client in silent { #expect(!client.hasInput) }
    }

    // 16 bodies of 1 MB where there is room for 2: whoever is nearest to its end goes first.
    @Test(arguments: [true, false])
    func `lets one after the other through when they do not fit together`(
        isChunked: Bool
    ) async throws {
        let server = try TestServer { $0.arrivingBytesMax = 2_000_000 }
        let body = [UInt8](repeating: 1, count: 1_000_000)
        let chunk = Array("F4240\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
        let request =
            isChunked
            ? Array("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + chunk
            : Array(Self.head(body.count).utf8) + body
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<16 {
                let port = server.port
                group.addTask {
                    let client = try SocketClient(port: port)
                    try client.send(request)
                    return try client.readResponse()?.status
                }
            }
            for try await status in group { #expect(status == 200) }
        }
    }

    // Most of its body came at once; a byte now and then is no pace.
    @Test(arguments: [false, true])
    func `refuses one that stands still or trickles when others wait for room`(
        trickles: Bool
    ) async throws {
        let server = try TestServer { $0.arrivingBytesMax = 1_000_000 }
        let slow = try server.connect()
        try slow.send(Array(Self.head(900_000).utf8) + [UInt8](repeating: 1, count: 800_000))
        while server.server.arrivingBytes < 800_000 { slow.pause(ms: 1) }
        // It needs more than is left, and the slow one is nearer to its end.
        let other = try server.connect()
        try other.send(Array(Self.head(950_000).utf8) + [UInt8](repeating: 1, count: 950_000))
        while trickles, !slow.hasInput {
            try slow.send("x")
            slow.pause(ms: 50)
        }
        let response = try #require(try slow.readResponse())
        #expect(response.status == 429)
        #expect(response["connection"] == "close")
        #expect(try other.readResponse()?.status == 200)
    }

    @Test func `keeps one that is slow but soon complete, whoever waits`() async throws {
        let server = try TestServer { $0.arrivingBytesMax = 1_000_000 }
        let (first, steady, last) = (
            try server.connect(), try server.connect(), try server.connect()
        )
        try first.send(Array(Self.head(900_000).utf8) + [UInt8](repeating: 1, count: 800_000))
        while server.server.arrivingBytes < 800_000 { first.pause(ms: 1) }
        try steady.send(Self.head(90_000))
        try last.send(Array(Self.head(900_000).utf8) + [UInt8](repeating: 1, count: 900_000))
        for _ in 0..<90 {
            try steady.send([UInt8](repeating: 1, count: 1000))
            steady.pause(ms: 20)
        }
        #expect(try steady.readResponse()?.status == 200)
        #expect(try first.readResponse()?.status == 429)
        #expect(try last.readResponse()?.status == 200)
    }
}
