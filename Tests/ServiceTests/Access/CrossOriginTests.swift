import Service
import TestSupport
import Testing

/// Pages of other origins, through the socket.
struct CrossOriginTests {
    private static let page = "https://app.example"

    private func preflight(_ service: RunningService, _ origin: String) throws -> ClientResponse {
        try service.send(
            "OPTIONS", "/v1/losses",
            [
                ("Origin", origin), ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "content-type"),
            ])
    }

    @Test func `answers a page that it was told of, and its preflight`() throws {
        let service = try RunningService(
            "--cors-origins=\(Self.page)", "--cors-origins=http://127.0.0.1:3000", loads: false,
            checksHosts: true)
        #expect(try service.get("/")["vary"] == "Accept, Origin")
        let asked = try preflight(service, Self.page)
        #expect(asked.status == 204)
        #expect(asked["access-control-allow-origin"] == Self.page)
        #expect(asked["access-control-allow-methods"] == "OPTIONS, POST")
        #expect(asked["access-control-allow-headers"]?.contains("content-type") == true)
        #expect(asked["access-control-max-age"] == "600")
        #expect(asked["vary"] == "Origin")
        let client = try SocketClient(port: service.port)
        try client.send(
            "GET /v1/presets HTTP/1.1\r\nHost: localhost\r\nOrigin: \(Self.page)\r\n\r\n")
        let answer = try #require(try client.readResponse())
        #expect(answer.status == 200)
        #expect(answer["access-control-allow-origin"] == Self.page)
        #expect(answer["access-control-expose-headers"]?.contains("x-request-id") == true)
    }

    @Test func `lets errors be read by that page as well`() throws {
        let service = try RunningService("--cors-origins=*", loads: false)
        let answer = try service.send("GET", "/nothing", [("Origin", Self.page)])
        #expect(answer.status == 404)
        #expect(answer["access-control-allow-origin"] == Self.page)
    }

    @Test(arguments: ["https://evil.example", "https://app.example.evil.example", "null"])
    func `tells no other page anything`(origin: String) throws {
        let service = try RunningService(
            "--cors-origins=\(Self.page)", loads: false, checksHosts: true)
        let asked = try preflight(service, origin)
        #expect(asked.status == 204)
        #expect(asked["access-control-allow-origin"] == nil)
        #expect(asked["access-control-allow-methods"] == nil)
        #expect(asked["vary"] == "Origin")
    }

    @Test func `says nothing of origins where none was named`() throws {
        let off = try RunningService(loads: false)
        #expect(try preflight(off, Self.page)["access-control-allow-origin"] == nil)
        #expect(try off.get("/livez")["vary"] == nil)
    }

    @Test(arguments: ["app.example", "https://", "https://a b", "ftp://a", "https://a/path", ""])
    func `refuses what is no origin`(text: String) {
        #expect(throws: ConfigurationError.self) {
            try Configuration(flags: ["--cors-origins=\(text)"])
        }
    }
}
