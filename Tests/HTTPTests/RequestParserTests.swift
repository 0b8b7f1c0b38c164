// Requests in bytes: the same answer however they are cut.

import HTTP
import HTTPTypes
import Testing

/// Checks that byte by byte, and cut in two at every position, bytes give the same transcript.
private func expectSameAnswerAtEveryCut(_ bytes: [UInt8]) -> [String] {
    let whole = Transcript.of(bytes)
    #expect(Transcript.of(bytes, cuts: Array(1..<bytes.count)) == whole)
    // Inputs beyond a kilobyte only hold more of the same: every so many positions do for them.
    let step = bytes.count > 1000 ? bytes.count / 20 : 1
    for cut in stride(from: 1, to: bytes.count, by: step) {
        #expect(Transcript.of(bytes, cuts: [cut]) == whole, "cut at \(cut)")
    }
    return whole
}

@Suite struct RequestParserTests {
    struct Case: Sendable {
        let bytes: String
        let lines: [String]
    }

    @Test(arguments: [
        Case(
            bytes: "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            lines: ["GET / 1.1 none alive=true none []"]),
        Case(
            bytes:
                "\r\n\r\nGET /x?y=%20 HTTP/1.1\r\nHost:\th:80\t\r\nA:b \r\na:  c d\r\nE:\r\n\r\n",
            lines: ["GET /x?y=%20 1.1 none alive=true none [A=b,a=c d,E=]"]),
        Case(
            bytes: "GET / HTTP/1.0\r\n\r\n",
            lines: ["GET / 1.0 none alive=false none []"]),
        Case(
            bytes: "GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\nExpect: 100-continue\r\n\r\n",
            lines: [
                "GET / 1.0 none alive=true none [Connection=x, Keep-Alive,Expect=100-continue]"
            ]),
        Case(
            bytes: "GET / HTTP/1.9\r\nHost: [::1]:80\r\nConnection: keep-alive, CLOSE\r\n\r\n",
            lines: ["GET / 1.1 none alive=false none [Connection=keep-alive, CLOSE]"]),
        Case(
            bytes:
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello"
                + "PUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 000\r\n\r\nDELETE /3 HTTP/1.1\r\nHost: h\r\n\r\n",
            lines: [
                "POST / 1.1 length(5) alive=true continueResponse [Content-Length=5,Expect=100-Continue]",
                "body hello", "PUT /2 1.1 none alive=true none [Content-Length=000]",
                "DELETE /3 1.1 none alive=true none []",
            ]),
        Case(
            bytes: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "5\r\nhello\r\n00A ;x=\"y;\\\"\" ; w\r\n, wide wor\r\n2;z\t= 1;q\r\nld\r\n0\r\nTrailer: 1\r\n\r\n"
                + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
            lines: [
                "POST / 1.1 chunked alive=true none [Transfer-Encoding=Chunked]",
                "body hello, wide world", "GET /2 1.1 none alive=true none []",
            ]),
        Case(
            bytes: "GET http://example.com:81?q HTTP/1.1\r\nHost: other\r\nExpect: x\r\n\r\n",
            lines: ["GET /?q 1.1 none alive=true unknown [Expect=x]"]),
        Case(
            bytes: "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            lines: [
                "GET 400 1.1 none alive=true none []", "GET / 1.1 none alive=true none []",
            ]),
        Case(bytes: "GET / HTTP/1.1\r\nHost: h\r\n\r", lines: []),
        Case(
            bytes: "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhell",
            lines: ["POST / 1.0 length(5) alive=false none [Content-Length=5]"]),
    ])
    func `reads sound requests, cut anywhere`(_ test: Case) {
        #expect(expectSameAnswerAtEveryCut(Array(test.bytes.utf8)) == test.lines)
    }

    @Test(arguments: BadRequest.all)
    func `refuses a fault, cut anywhere`(_ bad: BadRequest) throws {
        let lines = expectSameAnswerAtEveryCut(bad.bytes)
        let status = try #require(lines.last.flatMap { Int($0.prefix(3)) }, "\(lines)")
        #expect(bad.statuses.contains(status), "\(lines)")
    }

    @Test func `counts a chunked body against its limit`() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = "3\r\nabc\r\n"
        let bytes = Array((head + chunk + chunk + chunk).utf8)
        #expect(Transcript.of(bytes, bodyBytesMax: 9).count == 1)
        #expect(Transcript.of(bytes, bodyBytesMax: 8).last == "413 The body is over 8 bytes.")
    }

    @Test func `takes a head of exactly the limit`() {
        var limits = HTTPServerLimits()
        let head = Array("GET / HTTP/1.1\r\nHost: h\r\na: b\r\n\r\n".utf8)
        limits.headerBytesMax = head.count
        #expect(Transcript.of(head, limits: limits).first?.hasPrefix("GET /") == true)
        limits.headerBytesMax = head.count - 1
        #expect(Transcript.of(head, limits: limits).first?.hasPrefix("431") == true)
    }
}
