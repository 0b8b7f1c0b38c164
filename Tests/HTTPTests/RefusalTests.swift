// What the server refuses, and what becomes of the connection.

import HTTP
import HTTPTypes
import TestSupport
import Testing

@Suite struct RefusalTests {
    @Test(arguments: BadRequest.all)
    func `answers a framing fault once and closes`(_ bad: BadRequest) async throws {
        let server = try TestServer()
        let client = try server.connect()
        // A second request behind the fault must never be answered.
        try client.send(bad.bytes + Array(get("/smuggled").utf8))
        client.shutdownWrite()
        let response = try #require(try client.readResponse())
        #expect(bad.statuses.contains(response.status))
        #expect(response["connection"] == "close")
        #expect(client.isClosedByServer())
        let end = try #require(await server.handler.nextEnd())
        #expect(end.report.status?.code == response.status)
    }

    @Test(arguments: ["/%2e%zz", "/%00", "/a\\b", "/é", "/a#b"])
    func `answers a bad target and keeps the connection`(target: String) throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(get(target) + post("/", "next"))
        #expect(try client.readResponse()?.status == 400)
        #expect(try client.readResponse()?.text == "next")
    }

    @Test func `reads past the small body of a refused request`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(
            post("/refuse", "small") + post("/", "next")
                + "POST /refuse HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n0\r\n\r\n" + post("/", "last"))
        #expect(try client.readResponse()?.status == 401)
        #expect(try client.readResponse()?.text == "next")
        #expect(try client.readResponse()?.status == 401)
        #expect(try client.readResponse()?.text == "last")
    }

    // Without the staged close the client's kernel would drop the answer on our reset.
    @Test func `refuses by the head alone and lets the client read why`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n")
        try client.send([UInt8](repeating: 1, count: 20_000_000))
        let response = try #require(try client.readResponse())
        #expect(response.status == 401)
        #expect(response["connection"] == "close")
        #expect(client.isClosedByServer())
    }

    @Test(arguments: ["", "Expect: 100-continue\r\n"])
    func `answers 413 before reading, without 100 Continue`(expect: String) async throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\(expect)\r\n")
        let response = try #require(try client.readResponse())
        #expect(response.status == 413)
        #expect(response.text == "The body is 99999999999 bytes; at most 50331648 are accepted.")
        #expect(client.isClosedByServer())
        #expect(await server.handler.nextEnd()?.report.status == .contentTooLarge)
    }

    @Test func `does not wait for the body of a refused expectation`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(
            "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        let response = try #require(try client.readResponse())
        #expect(response.status == 401)
        #expect(response["connection"] == "close")
        #expect(client.isClosedByServer())
    }

    @Test func `sends no body to a HEAD request that it cannot read`() throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send("HEAD / HTTP/1.1\r\nbad line\r\n\r\n")
        let response = try #require(try client.readResponse(hasBody: false))
        #expect(response.status == 400)
        #expect(client.isClosedByServer())
    }
}
