// The server over real sockets: what a well-behaved client sees.

import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct ServerTests {
    @Test func `answers a request and keeps the connection`() async throws {
        let server = try TestServer()
        let client = try server.connect()
        for body in ["first", "second"] {
            try client.send(
                "POST /a%20b?x=1&x=%C3%A9+ HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.count)\r\n\r\n\(body)")
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
            #expect(request.query.map(\.value) == ["1", "é "])
            #expect(request.clientDescription.hasPrefix("127.0.0.1:"))
        }
    }
}
