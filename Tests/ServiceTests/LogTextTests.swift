import Foundation
import Glibc
import Service
import TestSupport
import Testing

/// What a client writes into the log, read back from a pipe.
struct LogTextTests {
    private func lines(_ format: String, _ fields: [(String, String)], _ path: String = "/nothing")
        throws -> [String]
    {
        let pipe = try LogPipe()
        let service = try RunningService(
            "--log-level=info", "--log-format=\(format)", loads: false, sink: pipe.sink)
        _ = try service.send("GET", path, fields)
        try service.wait("styleloss_http_requests_in_flight", is: 1)
        return pipe.read().split(separator: "\n").map(String.init)
            .filter { $0.contains("\"404\"") || $0.contains(":404") || $0.contains("=404") }
    }

    /// A quote in `traceparent` once added fields to a line of text.
    @Test(arguments: [
        (#"x" status=200 client="10.0.0.1"#, #"traceparent="x\" status=200 client=\"10.0.0.1""#),
        (#"back\slash"#, #"traceparent="back\\slash""#),
        ("C1\u{9B}31m", #"traceparent="C1\u009b31m""#),
        ("turn\u{202E}ed", #"traceparent="turn\u202eed""#),
        ("line\u{2028}line", #"traceparent="line\u2028line""#),
        ("tag\u{E0041}", #"traceparent="tag\udb40\udc41""#),
        ("é", #"traceparent="é""#),
    ])
    func `escapes what a client wrote in a line of text`(value: String, field: String) throws {
        let found = try lines("text", [("traceparent", value), ("X-Request-Id", #"a"b\c"#)])
        let line = try #require(found.first)
        #expect(line.hasSuffix(" " + field), "\(line)")
        #expect(line.contains(#" id="a\"b\\c" "#), "\(line)")
        #expect(line.contains(" status=404 "), "\(line)")
        #expect(found.count == 1)
    }

    /// Ids of digits once became JSON numbers, and so broke whoever searches for a string.
    @Test(arguments: ["12345", "1.5", "true", "null", "-0", #"{"a":1}"#])
    func `gives text as a string and numbers as numbers`(id: String) throws {
        let line = try #require(try lines("json", [("X-Request-Id", id)], "/404").first)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["id"] as? String == id)
        #expect(object?["path"] as? String == "/404")
        #expect(object?["status"] as? Int == 404)
        #expect(object?["bytes_in"] as? Int != nil)
        #expect(object?["duration_ms"] as? Double != nil)
    }

    @Test(arguments: ["C1\u{9B}31m", "turn\u{202E}ed", "tag\u{E0041}", "é"])
    func `keeps harmful characters out of a line of JSON and their meaning in it`(value: String)
        throws
    {
        let line = try #require(try lines("json", [("traceparent", value)]).first)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let read = try #require(object?["traceparent"] as? String)
        #expect(Array(read.unicodeScalars) == Array(value.unicodeScalars))
        #expect(value == "é" || !line.contains(value))
    }
}
