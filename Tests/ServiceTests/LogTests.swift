import Foundation
import Glibc
import Service
import TestSupport
import Testing

struct LogTests {
    @Test func `writes one line of JSON a request`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let sink = LogSink(descriptor: ends[1])
        let service = try RunningService(
            "--log-level=info", "--log-format=json", loads: false, sink: sink)
        _ = try service.send(
            "GET", "/nothing", [("X-Request-Id", "r1"), ("traceparent", "00-ab-cd-01")])
        try service.wait("styleloss_http_requests_in_flight", is: 1)
        sink.flush(timeoutMs: 10_000)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(ends[0], &bytes, bytes.count)
        let text = String(decoding: bytes[..<max(0, count)], as: UTF8.self)
        let line = try #require(
            text.split(separator: "\n").first { $0.contains("\"r1\"") }, "\(text)")
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["status"] as? Int == 404)
        #expect(object?["code"] as? String == "not_found")
        #expect(object?["traceparent"] as? String == "00-ab-cd-01")
        #expect(object?["method"] as? String == "GET")
        close(ends[0])
        close(ends[1])
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
