import Service
import TestSupport
import Testing

/// What a head alone decides, a case a line: the body is not sent where the answer does not wait
/// for it.
struct HeadTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let start: String
        let fields: String
        let status: Int
        let code: String

        var testDescription: String { "\(start) [\(fields.prefix(60).debugDescription)] \(status)" }

        init(_ start: String, _ fields: String, _ status: Int, _ code: String = "") {
            self.start = start
            self.fields = fields
            self.status = status
            self.code = code
        }

        init(_ start: String, _ status: Int, _ code: String = "") {
            self.init(start, "", status, code)
        }
    }

    private static let form = "Content-Type: multipart/form-data; boundary=b\r\n"
    private static let one = form + "Content-Length: 1\r\n"

    static let cases: [Case] =
        paths + methods + types + codings + deadlines + sizes

    static let paths: [Case] = [
        Case("GET /livez", 200), Case("GET /livez?a=b", 200), Case("GET /%6Civez", 200),
        Case("GET http://h/livez", 200), Case("HEAD /livez", 200),
        Case("GET /livez/", 404, "not_found"), Case("GET //livez", 404, "not_found"),
        Case("GET /LIVEZ", 404, "not_found"), Case("GET /livez%00", 400, "bad_request"),
        Case("GET /livez%", 400, "bad_request"), Case("GET /%zz", 400, "bad_request"),
        Case("GET /../livez", 404, "not_found"), Case("GET /%2e%2e/livez", 404, "not_found"),
        Case("GET /a\\b", 400, "bad_request"), Case("GET livez", 400, "bad_request"),
        Case("GET /v1", 404, "not_found"), Case("GET /v1/", 404, "not_found"),
        Case("POST /v1/losses/", one, 404, "not_found"),
        Case("POST /v1/losses/x", one, 404, "not_found"),
        Case("GET /v1/targets", 404, "not_found"), Case("GET /v1/targets/", 404, "not_found"),
        Case("GET /v1/targets/a/b", 404, "not_found"),
        Case("GET /v1/targets/a%2Fb", 404, "not_found"),
        // A precomposed letter and its pieces are equal as Swift's texts, and are not here.
        Case("GET /%E2%84%AB", 404, "not_found"),
    ]

    static let methods: [Case] = [
        Case("POST /livez", "Content-Length: 0\r\n", 405, "method_not_allowed"),
        Case("DELETE /metrics", 405, "method_not_allowed"),
        Case("GET /v1/losses", 405, "method_not_allowed"),
        Case("HEAD /v1/losses", 405), Case("OPTIONS /v1/losses", 204),
        Case("OPTIONS *", 404, "not_found"), Case("CONNECT h:80", 404, "not_found"),
        Case("TRACE /", 405, "method_not_allowed"),
        Case("BREW /v1/gram", 405, "method_not_allowed"),
        Case("post /v1/losses", one, 405, "method_not_allowed"),
        Case("POST /v1/targets/x", one, 405, "method_not_allowed"),
    ]

    static let types: [Case] = [
        Case("POST /v1/losses", "Content-Length: 1\r\n", 415, "unsupported_media_type"),
        Case(
            "POST /v1/losses", "Content-Type:\r\nContent-Length: 1\r\n", 415,
            "unsupported_media_type"),
        Case(
            "POST /v1/losses", "Content-Type: text/plain\r\nContent-Length: 1\r\n", 415,
            "unsupported_media_type"),
        Case(
            "POST /v1/losses", "Content-Type: image/png\r\nContent-Length: 1\r\n", 415,
            "unsupported_media_type"),
        Case(
            "POST /v1/losses", "Content-Type: multipart/mixed; boundary=b\r\nContent-Length: 1\r\n",
            415, "unsupported_media_type"),
        Case(
            "POST /v1/losses", "Content-Type: application/jsonx\r\nContent-Length: 1\r\n", 415,
            "unsupported_media_type"),
        Case(
            "POST /v1/losses", "Content-Type: /\r\nContent-Length: 1\r\n", 415,
            "unsupported_media_type"),
        Case(
            "POST /v1/losses/features", "Content-Type: application/json\r\nContent-Length: 1\r\n",
            415, "unsupported_media_type"),
        Case(
            "POST /v1/losses",
            "Content-Type: \(String(repeating: "e\u{301}", count: 5000))\r\nContent-Length: 1\r\n",
            415, "unsupported_media_type"),
    ]

    static let codings: [Case] = ["br", "zstd", "compress", "x", "gzip;q=1", "identity, br"].map {
        Case("POST /v1/losses", one + "Content-Encoding: \($0)\r\n", 415, "unsupported_encoding")
    }

    static let deadlines: [Case] =
        ["99", "600001", "0", "-1", "+100", "1e3", "100.0", "", "abc", "100 0", "0x64", "٣٠٠"].map {
            Case("POST /v1/losses", one + "X-Request-Timeout-Ms: \($0)\r\n", 400, "bad_header")
        } + [
            Case(
                "POST /v1/losses",
                one + "X-Request-Timeout-Ms: \(String(repeating: "9", count: 4000))\r\n", 400,
                "bad_header")
        ]

    private static let png = "Content-Type: image/png\r\nContent-Length: 100000\r\n"
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)

    static let sizes: [Case] = [
        Case("POST /v1/losses", form + "Content-Length: 268435457\r\n", 413, "body_too_large"),
        Case(
            "POST /v1/losses", form + "Content-Length: 268435457\r\nExpect: 100-continue\r\n", 413,
            "body_too_large"),
        Case(
            "POST /v1/losses", form + "Content-Length: 99999999999999999999999\r\n", 413,
            "body_too_large"),
        Case("GET /livez", "Content-Length: 65537\r\n", 413, "body_too_large"),
        Case("PUT /v1/targets/sha256:abc", png, 400, "bad_request"),
        Case("PUT /v1/targets/\(digest)?range=0..2", png, 422, "invalid_option"),
        Case("PUT /v1/targets/\(digest)?preset=pconv", png, 422, "unknown_option"),
        Case("POST /v1/losses", one + "Expect: a miracle\r\n", 417, "expectation_failed"),
        Case("GET /livez", "Expect: x\r\n", 417, "expectation_failed"),
    ]

    /// No number of 64 bits would be the client's.
    @Test func `does not tell a length that it could not read`() throws {
        let service = try RunningService.shared.get()
        for (length, told) in [
            ("9223372036854775806", Int.max - 1), ("9223372036854775807", nil),
            ("99999999999999999999999", nil),
        ] {
            let client = try SocketClient(port: service.port)
            try client.send(
                "POST /v1/losses HTTP/1.1\r\nHost: h\r\n\(Self.form)Content-Length: \(length)\r\n\r\n"
            )
            let response = try #require(try client.readResponse())
            #expect(response.status == 413)
            #expect(try response.json["actual"] as? Int == told)
        }
    }

    @Test(arguments: cases)
    func `answers by the head`(_ test: Case) throws {
        let service = try RunningService.shared.get()
        let client = try SocketClient(port: service.port)
        try client.send("\(test.start) HTTP/1.1\r\nHost: h\r\n\(test.fields)\r\n")
        let isHead = test.start.hasPrefix("HEAD")
        let response = try #require(try client.readResponse(hasBody: !isHead))
        #expect(response.status == test.status, "\(response.text)")
        #expect(response["x-request-id"]?.isEmpty == false)
        if !test.code.isEmpty {
            #expect(response.code == test.code)
            #expect(response["content-type"] == "application/problem+json")
            #expect(try response.json["status"] as? Int == test.status)
        }
        if test.status == 405 { #expect(response["allow"]?.isEmpty == false) }
    }

    @Test(arguments: ["100", "600000", "0000100", " 100 "])
    func `takes a deadline at the ends of its range`(milliseconds: String) throws {
        let service = try RunningService.shared.get()
        let response = try service.send(
            "POST", "/v1/losses",
            [
                ("Content-Type", "application/json"), ("X-Request-Timeout-Ms", milliseconds),
            ], Array("{}".utf8))
        // Late when this machine is busy for a tenth of a second.
        #expect(
            response.code == "missing_input" || [408, 504].contains(response.status),
            "\(response.text)")
    }

    struct Limit: Sendable, CustomTestStringConvertible {
        let option: String
        let status: Int
        let request: @Sendable (Int) -> String
        var testDescription: String { option }
    }

    static let limits: [Limit] = [
        Limit(option: "max-header-bytes", status: 431) {
            "GET /livez HTTP/1.1\r\nHost: h\r\na: \(String(repeating: "a", count: $0 - 37))\r\n\r\n"
        },
        Limit(option: "max-headers", status: 431) { count in
            "GET /livez HTTP/1.1\r\nHost: h\r\n"
                + (1..<count).map { "a\($0): b\r\n" }.joined() + "\r\n"
        },
        Limit(option: "max-uri-bytes", status: 414) {
            "GET /livez?\(String(repeating: "a", count: $0 - 7)) HTTP/1.1\r\nHost: h\r\n\r\n"
        },
        Limit(option: "max-body-bytes", status: 413) {
            "POST /v1/losses HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                + "Content-Length: \($0)\r\n\r\n{}\(String(repeating: " ", count: $0 - 2))"
        },
        Limit(option: "queue-bytes", status: 413) {
            "POST /v1/losses HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                + "Content-Length: \($0)\r\n\r\n{}\(String(repeating: " ", count: $0 - 2))"
        },
    ]

    @Test(arguments: limits)
    func `names the limit that a request is one beyond`(_ limit: Limit) throws {
        let value = limit.option == "max-headers" ? 50 : 2000
        let service = try RunningService("--\(limit.option)=\(value)")
        for size in [value - 1, value, value + 1] {
            let client = try SocketClient(port: service.port)
            try client.send(limit.request(size))
            let response = try #require(try client.readResponse())
            guard size > value else {
                #expect([200, 422].contains(response.status), "\(response.text)")
                continue
            }
            #expect(response.status == limit.status)
            #expect(try response.json["option"] as? String == limit.option)
            #expect(try response.json["limit"] as? Int == value)
        }
    }
}
