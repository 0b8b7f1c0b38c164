import Foundation
import Glibc
import HTTP
import Service
import TestSupport
import Testing

/// Keys and hosts, through the socket: what is asked for, and what the log says.
struct AccessTests {
    private static let key = "0123456789abcdef"

    private func keysFile(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "keys-" + UUID().uuidString
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func bearer(_ key: String) -> [(String, String)] {
        [("Authorization", "Bearer \(key)")]
    }

    @Test(arguments: [
        ("GET", "/", 200), ("GET", "/livez", 200), ("GET", "/healthz", 200),
        ("GET", "/readyz", 200), ("GET", "/openapi.yaml", 200), ("GET", "/metrics", 200),
        ("GET", "/nothing", 404), ("GET", "/v1/info", 401), ("GET", "/v1/presets", 401),
        ("POST", "/v1/losses", 401), ("POST", "/v1/losses/features", 401),
        ("POST", "/v1/features", 401), ("POST", "/v1/gram", 401),
        ("PUT", "/v1/targets/sha256:x", 401), ("GET", "/v1/targets/sha256:x", 401),
        ("DELETE", "/v1/targets/sha256:x", 401), ("PATCH", "/v1/info", 401),
    ])
    func `asks for a key where one is needed`(method: String, path: String, status: Int) throws {
        let file = try keysFile("alice:\(Self.key)\n")
        let service = try RunningService("--api-keys-file=\(file)")
        let answer = try service.send(method, path)
        #expect(answer.status == status, "\(answer.text)")
        guard status == 401 else { return }
        #expect(answer.code == "unauthorized")
        #expect(answer["www-authenticate"] == #"Bearer realm="styleloss""#)
        #expect(try service.send(method, path, bearer(Self.key)).status != 401)
    }

    @Test(arguments: [
        ("Bearer 0123456789abcdef", 200), ("bearer 0123456789abcdef", 200),
        ("BEARER   0123456789abcdef", 200), ("Bearer 0123456789abcdeg", 401),
        ("Bearer 0123456789abcde", 401), ("Bearer 0123456789abcdef0", 401), ("Bearer", 401),
        ("Bearer ", 401), ("0123456789abcdef", 401), ("Basic 0123456789abcdef", 401),
        ("Bearer 0123456789abcdef, Bearer x", 401),
    ])
    func `takes a key as bearer token and nothing else`(value: String, status: Int) throws {
        let file = try keysFile("# who may ask\n\nalice:\(Self.key)\r\nfedcba9876543210\n")
        let service = try RunningService("--api-keys-file=\(file)", loads: false)
        let answer = try service.send("GET", "/v1/presets", [("Authorization", value)])
        #expect(answer.status == status, "\(answer.text)")
        if status == 401 {
            #expect(
                answer["www-authenticate"] == #"Bearer realm="styleloss", error="invalid_token""#)
        }
    }

    @Test func `asks for a key for the metrics where it is told to`() throws {
        let file = try keysFile(Self.key)
        let service = try RunningService(
            "--api-keys-file=\(file)", "--metrics-need-key=true", loads: false)
        #expect(try service.get("/metrics").status == 401)
        #expect(try service.send("GET", "/metrics", bearer(Self.key)).status == 200)
        #expect(try service.get("/livez").status == 200)
    }

    @Test(arguments: [
        ("short:123\n", "line 1 has no key"), ("a:0123456789abcdef\nb 0123456789abcdef", "line 2"),
        ("no spaces:0123456789abcdef", "line 1 has a name"),
        (":0123456789abcdef", "line 1 has a name"),
        ("a:0123456789abcdef\nb:0123456789abcdef", "line 2 repeats a key"),
        ("0123456789ab:cdef", "line 1 has no key"), ("# nobody\n", "has no key"),
        ("", "has no key"),
        ("a:0123456789abcdé", "line 1 has no key"),
    ])
    func `refuses a file with a fault by its line, without the key`(text: String, clause: String)
        throws
    {
        let file = try keysFile(text)
        do {
            _ = try Configuration(flags: ["--api-keys-file=\(file)"])
            Issue.record("the file was taken")
        } catch {
            #expect(error.mistakes.count == 1)
            #expect(error.description.contains(clause), "\(error)")
            #expect(!error.description.contains("0123456789"), "\(error)")
        }
    }

    @Test func `writes the name of the key into the log and never the key`() throws {
        let pipe = try LogPipe()
        let file = try keysFile("alice:\(Self.key)\nfedcba9876543210\n")
        let service = try RunningService(
            "--log-level=trace", "--log-format=json", "--api-keys-file=\(file)", loads: false,
            sink: pipe.sink)
        for key in [Self.key, "fedcba9876543210", "unknown-unknown-unknown"] {
            _ = try service.send("GET", "/v1/presets", bearer(key))
        }
        try service.wait("styleloss_http_requests_in_flight", is: 1)
        let log = pipe.read()
        #expect(log.contains(#""key":"alice""#), "\(log)")
        // sha256sum of fedcba9876543210 begins with these digits.
        #expect(log.contains(#""key":"key-3465f6e6""#), "\(log)")
        for key in [Self.key, "fedcba9876543210", "unknown-unknown"] {
            #expect(!log.contains(key), "\(log)")
        }
    }

    @Test(
        arguments: [
            ("localhost", nil, 200), ("localhost:8080", nil, 200), ("LOCALHOST.", nil, 200),
            ("127.0.0.1:1", nil, 200), ("[::1]:1", nil, 200), ("evil.example", nil, 421),
            ("localhost.evil.example", nil, 421), ("127.0.0.1.evil.example:80", nil, 421),
            ("evil.example:127", nil, 421), ("localhost", "http://localhost:3000", 200),
            ("localhost", "https://127.0.0.1", 200), ("localhost", "https://evil.example", 403),
            ("localhost", "http://localhost@evil.example", 403), ("localhost", "null", 403),
            ("localhost", "file://", 403),
        ] as [(String, String?, Int)])
    func `answers on loopback under names of this machine only`(
        host: String, origin: String?, status: Int
    ) throws {
        let service = try RunningService(loads: false, checksHosts: true)
        let client = try SocketClient(port: service.port)
        let field = origin.map { "Origin: \($0)\r\n" } ?? ""
        try client.send("GET /v1/presets HTTP/1.1\r\nHost: \(host)\r\n\(field)\r\n")
        let answer = try #require(try client.readResponse())
        #expect(answer.status == status)
        let codes = [421: "misdirected_request", 403: "forbidden_origin"]
        #expect(answer.code == codes[status])
        // Health is for whoever asks.
        try client.send("GET /livez HTTP/1.1\r\nHost: \(host)\r\n\(field)\r\n")
        #expect(try client.readResponse()?.status == 200)
    }

    @Test(arguments: [
        (["--allowed-hosts=losses.example"], "losses.example:80", 200),
        (["--allowed-hosts=losses.example"], "localhost", 421),
        (["--allowed-hosts=a.example", "--allowed-hosts=B.example"], "b.EXAMPLE", 200),
        (["--allowed-hosts=*"], "whatever", 200), (["--listen=0.0.0.0:0"], "whatever", 200),
    ])
    func `answers under the names it is told`(flags: [String], host: String, status: Int) throws {
        let service = try LossService(
            configuration: Configuration(
                flags: flags.contains { $0.contains("listen") }
                    ? flags + ["--log-level=critical"]
                    : flags + ["--listen=127.0.0.1:0", "--log-level=critical"]),
            sink: LogSink())
        guard case .tcp(_, let port) = service.boundAddresses[0] else { return }
        let client = try SocketClient(port: port)
        try client.send("GET /v1/presets HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(try client.readResponse()?.status == status)
    }

    @Test func `lets a Unix socket be asked under any name`() throws {
        let path = NSTemporaryDirectory() + "access-\(UUID().uuidString.prefix(8)).sock"
        let service = try LossService(
            configuration: Configuration(flags: ["--listen=unix:\(path)", "--log-level=critical"]),
            sink: LogSink())
        let client = try SocketClient(unixPath: path)
        try client.send("GET /v1/presets HTTP/1.1\r\nHost: whatever\r\n\r\n")
        #expect(try client.readResponse()?.status == 200)
        _ = service
    }

    @Test(arguments: ["", "a b", "http://x", "x:80", "[::1", "a,b"])
    func `refuses what is no host`(name: String) {
        #expect(throws: ConfigurationError.self) {
            try Configuration(flags: ["--allowed-hosts=\(name)"])
        }
    }
}
