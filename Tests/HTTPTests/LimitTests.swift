// Every limit of the server at its value, one below and one above.

import HTTP
import HTTPTypes
import TestSupport
import Testing

/// A request of a size, the limit that it meets, and what becomes of it beyond.
struct SizeLimit: Sendable, CustomTestStringConvertible {
    let name: String
    let status: Int
    let set: @Sendable (inout HTTPServerLimits, Int) -> Void
    let request: @Sendable (Int) -> String

    var testDescription: String { name }

    private static func fill(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let all: [SizeLimit] = [
        SizeLimit(
            name: "head", status: 431, set: { $0.headerBytesMax = $1 },
            request: { "GET / HTTP/1.1\r\nHost: h\r\na: \(fill($0 - 32))\r\n\r\n" }),
        SizeLimit(
            name: "head by its target", status: 431, set: { $0.headerBytesMax = $1 },
            request: { "GET /\(fill($0 - 27)) HTTP/1.1\r\nHost: h\r\n\r\n" }),
        SizeLimit(
            name: "head by empty lines", status: 431, set: { $0.headerBytesMax = $1 },
            request: {
                String(repeating: "\r\n", count: ($0 - 27) / 2)
                    + "GET / HTTP/1.1\r\nHost: \(fill(2 - $0 % 2))\r\n\r\n"
            }),
        SizeLimit(
            name: "fields", status: 431, set: { $0.headersMax = $1 },
            request: { count in
                "GET / HTTP/1.1\r\nHost: h\r\n"
                    + (1..<count).map { "a\($0): b\r\n" }.joined() + "\r\n"
            }),
        SizeLimit(
            name: "target", status: 414, set: { $0.uriBytesMax = $1 },
            request: { "GET /\(fill($0 - 1)) HTTP/1.1\r\nHost: h\r\n\r\n" }),
    ]
}

@Suite struct LimitTests {
    @Test(arguments: SizeLimit.all, [64, 100])
    func `takes what is within a limit and refuses what is beyond`(
        _ limit: SizeLimit, value: Int
    ) throws {
        let server = try TestServer { limit.set(&$0, value) }
        for size in [value - 1, value, value + 1] {
            let client = try server.connect()
            try client.send(limit.request(size))
            let response = try #require(try client.readResponse())
            #expect(response.status == (size <= value ? 200 : limit.status), "\(size)")
            #expect(response["connection"] == (size <= value ? nil : "close"))
        }
    }

    @Test(arguments: [-1, 0, 1], [true, false])
    func `takes a body within its limit and refuses one beyond`(
        excess: Int, isChunked: Bool
    ) throws {
        let server = try TestServer()
        let client = try server.connect()
        let bytes = 1000 + excess
        let body = [UInt8](repeating: 1, count: bytes)
        try client.send(
            isChunked
                ? "POST /?max=1000 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(bytes, radix: 16) + "\r\n"
                : "POST /?max=1000 HTTP/1.1\r\nHost: h\r\nContent-Length: \(bytes)\r\n\r\n")
        try client.send(body + Array(isChunked ? "\r\n0\r\n\r\n".utf8 : "".utf8))
        let response = try #require(try client.readResponse())
        #expect(response.status == (excess <= 0 ? 200 : 413))
        if excess <= 0 { #expect(response.body == body) }
    }

    @Test(arguments: [-1, 0, 1], [true, false])
    func `reads past a refused body within the limit and closes beyond`(
        excess: Int, isChunked: Bool
    ) throws {
        let server = try TestServer { $0.discardedBodyBytesMax = 1000 }
        let client = try server.connect()
        let bytes = 1000 + excess
        let body = String(repeating: "b", count: bytes)
        try client.send(
            "POST /refuse HTTP/1.1\r\nHost: h\r\n"
                + (isChunked
                    ? "Transfer-Encoding: chunked\r\n\r\n\(String(bytes, radix: 16))\r\n\(body)\r\n"
                        + "0\r\n\r\n"
                    : "Content-Length: \(bytes)\r\n\r\n\(body)") + post("/", "next"))
        let response = try #require(try client.readResponse())
        #expect(response.status == 401)
        if excess <= 0 {
            #expect(try client.readResponse()?.text == "next")
        } else {
            // Of a chunked body it is known too late for this answer to say so.
            #expect(response["connection"] == (isChunked ? nil : "close"))
            #expect(client.isClosedByServer())
        }
    }

    @Test func `serves as many connections as there may be, and refuses the next`() async throws {
        let server = try TestServer { $0.connectionsMax = 3 }
        var held: [SocketClient] = []
        for _ in 0..<3 {
            let client = try server.connect()
            try client.send(get("/hold"))
            _ = await server.handler.nextRequest()
            held.append(client)
        }
        let beyond = try server.connect()
        try beyond.send(get("/"))
        #expect(try beyond.readResponse()?.status == 503)
        server.handler.answerHeld()
        for client in held { #expect(try client.readResponse()?.status == 200) }
    }

    // What is done within the time is not cut off, and nothing is cut off before it is over.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", 408), ("", 0),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nh", 408),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n", 408),
        ("POST /?within=100 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nh", 408),
        ("POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nh", 401),
    ])
    func `cuts off what stands still, and not before its time`(bytes: String, status: Int) throws {
        let server = try TestServer {
            $0.headerTimeoutMs = 100
            $0.bodyIdleTimeoutMs = 100
            $0.lingerIdleTimeoutMs = 100
        }
        let start = ContinuousClock.now
        let client = try server.connect()
        try client.send(bytes)
        #expect(try client.readResponse()?.status ?? 0 == status)
        #expect(client.isClosedByServer())
        #expect(.now - start >= .milliseconds(100))
    }

    @Test func `lets a body take longer than a pause may be`() throws {
        let server = try TestServer { $0.bodyIdleTimeoutMs = 1000 }
        let client = try server.connect()
        try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
        for digit in 0..<10 {
            client.pause(ms: 150)
            try client.send("\(digit)")
        }
        #expect(try client.readResponse()?.text == "0123456789")
    }
}
