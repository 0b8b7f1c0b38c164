// The server over real sockets: what a well-behaved client sees.

import Glibc
import HTTP
import HTTPTypes
import TestSupport
import Testing

/// A request with a body of its declared length.
func post(_ path: String, _ body: String, fields: String = "") -> String {
    "POST \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}

func get(_ path: String, method: String = "GET", fields: String = "") -> String {
    "\(method) \(path) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n"
}

@Suite struct ServerTests {
    @Test func `answers a request and keeps the connection`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        for body in ["first", "second"] {
            try client.send(post("/a%20b?x=1&x=%C3%A9+", body))
            let response = try #require(try client.readResponse())
            #expect(response.status == 200)
            #expect(response.text == body)
            #expect(response["connection"] == nil)
            #expect(response["date"]?.hasSuffix(" GMT") == true)
            let request = try #require(await server.handler.nextRequest())
            #expect(request.path == "/a b")
            #expect(request.head.path == "/a%20b?x=1&x=%C3%A9+")
            #expect(request.head.authority == "h")
            #expect(request.query.map(\.name) == ["x", "x"])
            #expect(request.query.map(\.value) == ["1", "%C3%A9 "])
            #expect(request.client.description.hasPrefix("127.0.0.1:"))
        }
    }

    @Test func `answers pipelined requests in order`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let count = 2000
        // Refusals are answered while parsing, the others later: the order must hold for both.
        for number in 0..<count {
            try client.send(number % 3 == 0 ? get("/refuse") : post("/", "\(number)"))
        }
        for number in 0..<count {
            let response = try #require(try client.readResponse())
            #expect(response.status == (number % 3 == 0 ? 401 : 200))
            if number % 3 != 0 { #expect(response.text == "\(number)") }
        }
    }

    @Test func `reports each exchange`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        let request = post("/p", "hello")
        try client.send(request)
        let response = try #require(try client.readResponse())
        #expect(response.text == "hello")
        let end = try #require(await server.handler.nextEnd())
        #expect(end.request?.path == "/p")
        #expect(end.report.status == .ok)
        #expect(end.report.bytesIn == request.utf8.count)
        #expect(end.report.bytesOut > 5)
        #expect(end.report.duration > .zero)
        #expect(end.report.outcome == .sent)
    }

    @Test func `says 100 Continue when the head is accepted`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readResponse()?.status == 100)
        try client.send("ok")
        #expect(try client.readResponse()?.text == "ok")
        // RFC 9110 §10.1.1: HTTP/1.0 clients do not know interim responses.
        try client.send(
            "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok")
        #expect(try client.readResponse()?.text == "ok")
    }

    @Test func `refuses other expectations and keeps the connection`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(get("/", fields: "Expect: a-miracle\r\n"))
        #expect(try client.readResponse()?.status == 417)
        try client.send(post("/", "next"))
        #expect(try client.readResponse()?.text == "next")
    }

    @Test func `decodes chunked bodies`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n" + post("/", "next"))
        #expect(try client.readResponse()?.text == "hello world")
        #expect(try client.readResponse()?.text == "next")
    }

    @Test func `sends HEAD the length and no body`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(get("/big", method: "HEAD") + post("/", "next"))
        let response = try #require(try client.readResponse(hasBody: false))
        #expect(response["content-length"] == "\(TestHandler.bigBody.count)")
        #expect(try client.readResponse()?.text == "next")
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close"),
        ("GET / HTTP/1.0\r\n\r\n", "close"),
    ])
    func `closes when the client asks`(request: String, connection: String) throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(request)
        #expect(try client.readResponse()?["connection"] == connection)
        #expect(client.isClosedByServer())
    }

    @Test func `keeps an HTTP 1.0 connection alive on request`() throws {
        let server = try TestServer()
        let client = try server.connect()
        for _ in 0..<2 {
            try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try client.readResponse()?["connection"] == "keep-alive")
        }
    }

    @Test func `takes a large body and sends a large one`() throws {
        let server = try TestServer()
        let client = try server.connect()
        let body = [UInt8](repeating: 42, count: 30_000_000)
        try client.send("POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.count)\r\n\r\n")
        try client.send(body)
        #expect(try client.readResponse()?.body.count == body.count)
        try client.send(get("/big"))
        #expect(try client.readResponse()?.body == TestHandler.bigBody)
    }

    @Test func `serves a Unix socket and removes its path`() async throws {
        let path = "/tmp/http-test-\(UInt64.random(in: 0 ... .max)).sock"
        let handler = TestHandler()
        func makeServer() throws -> HTTPServer {
            try HTTPServer(
                addresses: [.unix(path: path)], limits: HTTPServerLimits(), handler: handler)
        }
        let server = try makeServer()
        #expect(throws: SocketError.self) { try makeServer() }
        server.start()
        let client = try SocketClient(unixPath: path)
        try client.send(post("/", "hello"))
        #expect(try client.readResponse()?.text == "hello")
        #expect(await handler.nextRequest()?.client == .unix)
        client.close()
        await server.shutdown(graceMs: 1000)
        #expect(throws: SocketClient.Failure.self) { try SocketClient(unixPath: path) }
        let next = try makeServer()
        #expect(next.boundAddresses == [.unix(path: path)])
    }

    @Test(arguments: [0o600, 0o660, 0o777] as [UInt32])
    func `gives a Unix socket the mode it is told`(mode: UInt32) throws {
        let path = "/tmp/http-test-\(UInt64.random(in: 0 ... .max)).sock"
        let server = try HTTPServer(
            addresses: [.unix(path: path)], unixSocketMode: mode, limits: HTTPServerLimits(),
            handler: TestHandler())
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == mode)
        server.shutdown(graceMs: 0) {}
    }

    @Test func `reports a taken port`() throws {
        let server = try TestServer()
        let error = #expect(throws: SocketError.self) {
            try HTTPServer(
                addresses: [.tcp(host: "127.0.0.1", port: server.port)],
                limits: HTTPServerLimits(), handler: TestHandler())
        }
        #expect(error?.description.contains("Address already in use") == true)
    }

    @Test func `closes when a handler drops its responder`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(get("/drop"))
        #expect(client.isClosedByServer())
    }
}
