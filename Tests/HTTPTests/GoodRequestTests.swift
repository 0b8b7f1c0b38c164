// Requests that RFC 9112 allows, over real sockets: each is answered, and so is the next one.

import HTTP
import HTTPTypes
import TestSupport
import Testing

/// Bytes that are a sound request, and what the server's echo makes of them.
struct GoodRequest: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    /// The body that comes back.
    let body: String
    let status: Int
    let closes: Bool

    var testDescription: String { name }

    init(_ name: String, _ text: String, body: String = "", status: Int = 200, closes: Bool = false)
    {
        self.name = name
        self.text = text
        self.body = body
        self.status = status
        self.closes = closes
    }

    static let all: [GoodRequest] = lines + targets + fields + lengths + chunked + connections

    private static func fill(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let lines: [GoodRequest] = [
        GoodRequest("plain", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("an empty line before", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("empty lines before", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("method of odd tokens", "!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("lower-case method", "get / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("minor version 9", "GET / HTTP/1.9\r\nHost: h\r\n\r\n"),
        GoodRequest("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", closes: true),
        GoodRequest("HTTP/1.0 with Host", "GET / HTTP/1.0\r\nHost: h\r\n\r\n", closes: true),
        GoodRequest(
            "longest target", "GET /\(fill(8191)) HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
    ]

    static let targets: [GoodRequest] =
        [
            "/a/b/c", "//", "/a//b", "/.", "/..", "/%20", "/%C3%A9", "/?", "/?a", "/?a=b&c=d&&e=",
            "/a?b?c", "/~a!$&'()*+,;=:@-._", "http://h/", "http://other:81/a?b", "https://h",
            "HTTP://h?q", "http://[::1]:80/",
        ].map { GoodRequest("target \($0)", "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n") }

    static let fields: [GoodRequest] =
        [
            "Host:h", "Host:\th\t", "Host:   h   ", "HOST: h", "host: h", "Host: h:80", "Host: h:",
            "Host: [::1]", "Host: [::1]:8080", "Host: 127.0.0.1", "Host: a_b-c.d~e",
            "Host: h\r\nA:", "Host: h\r\nA: \t ", "Host: h\r\nA: b\tc", "Host: h\r\nA: \u{E9}",
            "Host: h\r\nA: 1\r\nA: 2\r\na: 3", "Host: h\r\nA: \"b: c\"",
            "Host: h\r\nA: \(fill(8000))", "Host: h\r\nExpect: 100-continue",
            "Host: h\r\nUpgrade: h2c\r\nConnection: upgrade", "Host: h\r\nTE: trailers",
            "Host: h\r\nContent-Encoding: gzip",
        ].map {
            GoodRequest(
                "fields \($0.prefix(40).debugDescription)", "GET / HTTP/1.1\r\n\($0)\r\n\r\n")
        } + [
            GoodRequest(
                "as many fields as there may be",
                "GET / HTTP/1.1\r\nHost: h\r\n"
                    + (1..<100).map { "a\($0): b\r\n" }.joined() + "\r\n")
        ]

    static let lengths: [GoodRequest] = [
        GoodRequest("length 0", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
        GoodRequest("length 000", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 000\r\n\r\n"),
        GoodRequest("no length", "POST / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest("length 5", post("/", "hello"), body: "hello"),
        GoodRequest(
            "length 0005", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0005\r\n\r\nhello",
            body: "hello"),
        GoodRequest(
            "length of 40 digits",
            "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(String(repeating: "0", count: 39))5"
                + "\r\n\r\nhello", body: "hello"),
        GoodRequest(
            "GET with a body", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
            body: "hello"),
        GoodRequest(
            "body like a request", post("/", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
            body: "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        GoodRequest(
            "HTTP/1.0 with a length", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
            body: "hello", closes: true),
    ]

    private static func chunks(_ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
    }

    static let chunked: [GoodRequest] = [
        GoodRequest("no chunk", chunks("0\r\n\r\n")),
        GoodRequest("one chunk", chunks("5\r\nhello\r\n0\r\n\r\n"), body: "hello"),
        GoodRequest("many zeros", chunks("000000005\r\nhello\r\n00\r\n\r\n"), body: "hello"),
        GoodRequest("upper case", chunks("A\r\n0123456789\r\n0\r\n\r\n"), body: "0123456789"),
        GoodRequest("lower case", chunks("a\r\n0123456789\r\n0\r\n\r\n"), body: "0123456789"),
        GoodRequest(
            "chunks of one byte", chunks("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"), body: "abc"),
        GoodRequest("extension", chunks("5;a\r\nhello\r\n0;b=c\r\n\r\n"), body: "hello"),
        GoodRequest(
            "extensions", chunks("5 ; a = \"b;\\\"c\" ;d=e;f\r\nhello\r\n0\r\n\r\n"), body: "hello"),
        GoodRequest(
            "longest extension", chunks("5;\(fill(254))\r\nhello\r\n0\r\n\r\n"), body: "hello"),
        GoodRequest("trailers", chunks("0\r\nA: b\r\nC:\r\n\r\n")),
        GoodRequest("CRLF in the data", chunks("4\r\n\r\n\r\n\r\n0\r\n\r\n"), body: "\r\n\r\n"),
        GoodRequest(
            "coding in upper case",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
        GoodRequest(
            "GET in chunks",
            "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            body: "a"),
    ]

    static let connections: [GoodRequest] =
        ["close", "CLOSE", "x, close", "close,keep-alive", "\tclose ,"].map {
            GoodRequest(
                "Connection: \($0)", "GET / HTTP/1.1\r\nHost: h\r\nConnection: \($0)\r\n\r\n",
                closes: true)
        }
        + ["keep-alive", "closed", "x", ""].map {
            GoodRequest(
                "Connection: \($0)", "GET / HTTP/1.1\r\nHost: h\r\nConnection: \($0)\r\n\r\n")
        } + [
            GoodRequest(
                "HTTP/1.0 kept alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
        ]
}

@Suite struct GoodRequestTests {
    @Test(arguments: GoodRequest.all)
    func `is answered, and what follows it`(_ good: GoodRequest) throws {
        let server = try TestServer()
        let client = try server.connect()
        try client.send(good.text + post("/", "next"))
        let response = try #require(try client.readResponse())
        #expect(response.status == good.status)
        #expect(response.text == good.body)
        if good.closes {
            #expect(response["connection"] == "close")
            #expect(client.isClosedByServer())
        } else {
            #expect(try client.readResponse()?.text == "next")
        }
    }

    // Each byte is a packet of its own as far as the kernel lets it.
    @Test(arguments: GoodRequest.all.filter { $0.text.utf8.count < 200 })
    func `is answered when it comes byte by byte`(_ good: GoodRequest) throws {
        let server = try TestServer()
        let client = try server.connect()
        client.disableNagle()
        for byte in good.text.utf8 { try client.send([byte]) }
        #expect(try client.readResponse()?.text == good.body)
    }
}
