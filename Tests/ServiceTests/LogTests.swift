import Foundation
import Glibc
import Service
import TestSupport
import Testing

struct LogTests {
    /// The line of the request that a client sends, as JSON, beside the answer.
    private func logged(
        _ id: String, _ send: (RunningService) throws -> ClientResponse
    ) throws -> (line: [String: Any]?, response: ClientResponse) {
        let pipe = try LogPipe()
        let service = try RunningService(
            "--log-level=info", "--log-format=json", loads: false, sink: pipe.sink)
        let response = try send(service)
        try service.wait("styleloss_http_requests_in_flight", is: 1)
        let text = pipe.read()
        let line = try #require(
            text.split(separator: "\n").first { $0.contains("\"\(id)\"") }, "\(text)")
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return (object as? [String: Any], response)
    }

    @Test(arguments: [
        ("BREW /x HTTP/1.1\r\nHost: h\r\nX-Request-Id: r7\r\na : b\r\n\r\n", "bad_request", 400),
        ("GET /%zz HTTP/1.1\r\nX-Request-Id: r7\r\nHost: h\r\n\r\n", "bad_request", 400),
        ("GET / HTTP/1.1\r\nX-Request-Id: r7\r\n\r\n", "bad_request", 400),
        (
            "GET / HTTP/1.1\r\nX-Request-Id: r7\r\na: \(String(repeating: "a", count: 20_000))\r\n",
            "headers_too_large", 431
        ),
    ])
    func `names a request that was not understood in its answer and its line`(
        request: String, code: String, status: Int
    ) throws {
        let (line, response) = try logged("r7") { service in
            let client = try SocketClient(port: service.port)
            try client.send(request)
            return try #require(try client.readResponse())
        }
        #expect(response.status == status)
        #expect(response["x-request-id"] == "r7")
        #expect(response.code == code)
        #expect(line?["status"] as? Int == status)
        #expect(line?["code"] as? String == code)
        #expect((line?["client"] as? String)?.hasPrefix("127.0.0.1:") == true)
    }

    @Test func `writes one line of JSON a request`() throws {
        let (object, _) = try logged("r1") { service in
            try service.send(
                "GET", "/nothing", [("X-Request-Id", "r1"), ("traceparent", "00-ab-cd-01")])
        }
        #expect(object?["status"] as? Int == 404)
        #expect(object?["code"] as? String == "not_found")
        #expect(object?["traceparent"] as? String == "00-ab-cd-01")
        #expect(object?["method"] as? String == "GET")
    }

    @Test(arguments: [("info", false), ("debug", true)])
    func `logs a probe that succeeds at debug, and one that fails at info`(
        level: String, isLogged: Bool
    ) throws {
        let pipe = try LogPipe()
        let service = try RunningService(
            "--log-level=\(level)", "--log-format=json", loads: false, sink: pipe.sink)
        for path in ["/livez", "/metrics", "/readyz"] { _ = try service.get(path) }
        try service.wait("styleloss_http_requests_in_flight", is: 1)
        let log = pipe.read()
        #expect(log.contains("\"/livez\"") == isLogged, "\(log)")
        #expect(log.contains("\"/metrics\"") == isLogged, "\(log)")
        #expect(log.contains("\"/readyz\""), "\(log)")
    }

    /// A pipe nobody reads once stopped a whole service at its first full buffer.
    @Test func `neither blocks nor dies when nobody reads or the descriptor is closed`() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let full = LogSink(descriptor: ends[1])
        for _ in 0..<50_000 { full.write(String(repeating: "x", count: 100)) }
        let closed = LogSink(descriptor: 9999)
        closed.write("nobody hears this")
        closed.flush(timeoutMs: 10_000)
        close(ends[0])
    }
}
