import Foundation
import HTTP
import Inference
import Service
import TestSupport
import Testing

/// Health, info, presets, and what holds for every path.
struct OperationTests {
    let service: RunningService

    init() throws { service = try RunningService.shared.get() }

    @Test(arguments: [
        ("/", "name"), ("/livez", "status"), ("/healthz", "status"), ("/readyz", "status"),
        ("/v1/info", "model"), ("/v1/presets", "presets"),
    ])
    func `answers GET and HEAD alike`(path: String, member: String) throws {
        let get = try service.get(path)
        #expect(get.status == 200)
        #expect(get["content-type"] == "application/json")
        #expect(try get.json[member] != nil)
        let head = try service.send("HEAD", path)
        #expect(head.status == 200)
        #expect(head["content-length"] == get["content-length"])
        #expect(head.body.isEmpty)
    }

    @Test func `tells what runs`() throws {
        let info = try service.get("/v1/info").json
        let model = try #require(info["model"] as? [String: Any])
        #expect(model["name"] as? String == "vgg16-imagenet")
        #expect((info["layers"] as? [String])?.count == 31)
        #expect(info["presets"] as? [String] == Presets.all.map(\.name))
        let limits = try #require(info["limits"] as? [String: Int])
        let expected = try Configuration().limits
        #expect(limits.keys.sorted() == expected.map(\.name).sorted())
        #expect(limits["max_body_bytes"] == 256 << 20)
    }

    @Test func `spells out every preset as a request may send it`() throws {
        let presets = try #require(
            try service.get("/v1/presets").json["presets"] as? [[String: Any]])
        #expect(presets.compactMap { $0["name"] as? String } == Presets.all.map(\.name))
        let pconv = presets[0]
        #expect(pconv["name"] as? String == "pconv")
        let terms = try #require(pconv["terms"] as? [[String: Any]])
        #expect(terms.compactMap { $0["key"] as? String } == Presets.all[0].terms.map(\.key))
        let style = try #require(terms.first { $0["key"] as? String == "style" })
        #expect(style["weight"] as? Double == 120)
        #expect(style["layers"] as? [String: Double] == ["pool1": 1, "pool2": 1, "pool3": 1])
        #expect((style["statistic"] as? [String: Any])?["normaliser"] as? String == "chw")
    }

    @Test(arguments: [
        ("/nothing", 404, "not_found"), ("/v1", 404, "not_found"),
        ("/v1/losses/", 404, "not_found"), ("/v1/targets/a/b", 404, "not_found"),
        ("/%2e%2e", 404, "not_found"),
        ("/v1/targets/", 404, "not_found"),
    ])
    func `answers an unknown path with 404`(path: String, status: Int, code: String) throws {
        let response = try service.get(path)
        #expect(response.status == status)
        #expect(response.code == code)
    }

    @Test(arguments: [
        ("DELETE", "/", "GET, HEAD, OPTIONS"), ("GET", "/v1/losses", "OPTIONS, POST"),
        ("POST", "/livez", "GET, HEAD, OPTIONS"), ("BREW", "/v1/gram", "OPTIONS, POST"),
        ("PATCH", "/v1/targets/x", "DELETE, GET, HEAD, OPTIONS, PUT"),
    ])
    func `answers a method the path does not have with 405 and Allow`(
        method: String, path: String, allow: String
    ) throws {
        let response = try service.send(method, path)
        #expect(response.status == 405)
        #expect(response.code == "method_not_allowed")
        #expect(response["allow"] == allow)
    }

    @Test func `answers errors as problem details`() throws {
        let response = try service.get("/nothing")
        #expect(response["content-type"] == "application/problem+json")
        let problem = try response.json
        #expect(problem["type"] as? String == "about:blank")
        #expect(problem["title"] as? String == "Not found")
        #expect(problem["status"] as? Int == 404)
        #expect(problem["error"] as? String == problem["detail"] as? String)
    }

    @Test func `echoes a request id and replaces one that is not visible ASCII`() throws {
        #expect(
            try service.send("GET", "/", [("X-Request-Id", "abc-1")])["x-request-id"] == "abc-1")
        for id in ["a b", String(repeating: "x", count: 129), "ü"] {
            let echoed = try #require(
                try service.send("GET", "/", [("X-Request-Id", id)])["x-request-id"])
            #expect(echoed.count == 32)
        }
        let first = try service.get("/")["x-request-id"]
        #expect(first != nil)
        #expect(try service.get("/")["x-request-id"] != first)
    }

    @Test func `writes metrics that a scraper reads`() throws {
        _ = try service.get("/unknown-path")
        let text = try service.get("/metrics").text
        var typed: Set<String> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                #expect(typed.insert(String(words[2])).inserted, "\(line)")
            }
            guard !line.hasPrefix("#") else { continue }
            let name = line.prefix { $0 != "{" && $0 != " " }
            let families = ["", "_bucket", "_sum", "_count"].filter { name.hasSuffix($0) }
                .map { String(name.dropLast($0.count)) }
            #expect(families.contains { typed.contains($0) }, "\(line)")
            #expect(Double(words[words.count - 1]) != nil, "\(line)")
        }
        for family in [
            "build_info", "ready", "http_requests_total", "http_request_duration_seconds",
            "http_requests_in_flight", "http_connections", "connections_rejected_total",
            "jobs_queued",
            "jobs_running", "jobs_pending", "queue_capacity", "queue_size_bytes", "workers",
            "worker_busy_seconds_total", "jobs_total", "job_stage_duration_seconds", "pairs_total",
            "pixels_total", "target_cache_hits_total", "target_cache_misses_total",
            "target_cache_evictions_total", "target_cache_entries", "target_cache_size_bytes",
        ] { #expect(typed.contains("styleloss_" + family), "\(family)") }
        #expect(typed.contains("process_resident_memory_bytes"))
        #expect(text.contains("route=\"other\""))
        #expect(!text.contains("unknown-path"))
    }

    @Test func `counts nothing in flight that was answered`() throws {
        let service = try RunningService(loads: false)
        for path in ["/", "/nothing", "/v1/losses"] { _ = try service.get(path) }
        try service.wait("styleloss_http_requests_in_flight", is: 1)
    }

    @Test func `is alive but not ready before its weights are loaded`() throws {
        let service = try RunningService(loads: false)
        #expect(try service.get("/livez").status == 200)
        let ready = try service.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.code == "not_ready")
        #expect(ready["retry-after"] != nil)
        #expect(ready["connection"] == "close")
        #expect(try service.get("/v1/info").code == "not_ready")
        try service.service.load()
        #expect(try service.get("/readyz").status == 200)
    }

    @Test func `keeps a request that comes while the weights are loaded until they are`() throws {
        let service = try RunningService(loads: false)
        let form = Sample.pair()
        let client = try SocketClient(port: service.port)
        try client.send(
            RunningService.request(
                "POST", "/v1/losses?layers=relu1_1", [("Content-Type", form.contentType)],
                form.body))
        try service.wait("styleloss_http_requests_in_flight", is: 2)
        #expect(try service.get("/readyz").status == 503)
        try service.service.load()
        #expect(try client.readResponse()?.status == 200)
    }

    @Test func `lets go of a request that waits for weights at its deadline`() throws {
        let service = try RunningService(loads: false)
        let form = Sample.pair()
        let fields = [("Content-Type", form.contentType), ("X-Request-Timeout-Ms", "100")]
        let response = try service.send("POST", "/v1/losses", fields, form.body)
        #expect([408, 504].contains(response.status), "\(response.text)")
        try service.service.load()
        #expect(try service.post("/v1/losses?layers=relu1_1", form).status == 200)
    }

    @Test(arguments: [
        ("/", "GET, HEAD, OPTIONS"), ("/v1/losses", "OPTIONS, POST"),
        ("/v1/targets/x", "DELETE, GET, HEAD, OPTIONS, PUT"),
    ])
    func `answers OPTIONS with the methods of the path`(path: String, allow: String) throws {
        let response = try service.send("OPTIONS", path)
        #expect(response.status == 204)
        #expect(response["allow"] == allow)
        #expect(response.body.isEmpty)
        #expect(response["access-control-allow-origin"] == nil && response["vary"] == nil)
    }

    @Test func `listens on localhost in both versions of IP`() throws {
        let service = try LossService(
            configuration: Configuration(flags: ["--listen=localhost:0", "--log-level=critical"]),
            sink: LogSink())
        let addresses = service.boundAddresses
        guard case .tcp("127.0.0.1", let port) = addresses[0] else {
            Issue.record("\(addresses)")
            return
        }
        let hasIPv6 = FileManager.default.fileExists(atPath: "/proc/net/if_inet6")
        #expect(addresses.count == 2 || !hasIPv6)
        #expect(addresses.dropFirst().allSatisfy { $0 == .tcp(host: "::1", port: port) })
        for address in addresses { #expect(HealthProbe.isReady(address, path: "/livez")) }
    }
}
