import Codecs
import Foundation
import HTTP
import Inference
import Service
import TestSupport

/// A service of a test's own, on a free port, ready unless said otherwise.
final class RunningService: Sendable {
    let service: LossService
    let port: Int

    /// One that tests share when they only ask.
    static let shared = Result { try RunningService() }

    /// Under any `Host` unless a test is about that.
    init(
        _ flags: String..., loads: Bool = true, checksHosts: Bool = false, sink: LogSink? = nil,
        routes: [Route] = []
    ) throws {
        let quiet = sink == nil ? ["--log-level=critical"] : []
        let hosts = checksHosts ? [] : ["--allowed-hosts=*"]
        let all = ["--listen=127.0.0.1:0"] + quiet + hosts + flags
        service = try LossService(
            configuration: Configuration(flags: all), sink: sink ?? LogSink(), adding: routes)
        guard case .tcp(_, let port) = service.boundAddresses[0] else {
            throw TestFailure(description: "no port")
        }
        self.port = port
        if loads { try service.load() }
    }

    /// One request on a connection of its own.
    func send(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], _ body: [UInt8] = []
    ) throws -> ClientResponse {
        let client = try SocketClient(port: port)
        try client.send(RunningService.request(method, path, fields, body))
        guard let response = try client.readResponse(hasBody: method != "HEAD") else {
            throw TestFailure(description: "closed without a response")
        }
        return response
    }

    func get(_ path: String) throws -> ClientResponse { try send("GET", path) }

    func post(_ path: String, _ form: Form) throws -> ClientResponse {
        try send("POST", path, [("Content-Type", form.contentType)], form.body)
    }

    static func request(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], _ body: [UInt8] = []
    ) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" || method == "PUT" {
            head += "Content-Length: \(body.count)\r\n"
        }
        return Array((head + "\r\n").utf8) + body
    }

    /// The value of a metric without labels, or of one series.
    func metric(_ series: String) throws -> Double? {
        try get("/metrics").text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { Double($0.dropFirst(series.count + 1)) }
    }

    /// Asks until a metric has a value; what it waits for is another thread's next step.
    func wait(_ series: String, is value: Double) throws {
        let end = ContinuousClock.now + .seconds(20)
        while try metric(series) != value {
            guard .now < end else { throw TestFailure(description: "\(series) never was \(value)") }
            sched_yield()
        }
    }
}

/// A step of a test that did not do what it should.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
}

/// A multipart form.
struct Form {
    static let boundary = "test-boundary"
    private(set) var parts: [UInt8] = []

    var contentType: String { "multipart/form-data; boundary=\(Self.boundary)" }
    var body: [UInt8] { parts + Array("--\(Self.boundary)--\r\n".utf8) }

    init(_ parts: (name: String, type: String?, body: [UInt8])...) {
        for part in parts { add(part.name, part.type, part.body) }
    }

    mutating func add(_ name: String, _ type: String?, _ body: [UInt8]) {
        var head =
            "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"; "
            + "filename=\"f\"\r\n"
        if let type { head += "Content-Type: \(type)\r\n" }
        parts += Array((head + "\r\n").utf8) + body + Array("\r\n".utf8)
    }
}

/// Small images, all values a function of place and seed.
enum Sample {
    static func value(_ x: Int, _ y: Int, _ c: Int, _ seed: Int) -> Int {
        (x * 37 + y * 91 + c * 53 + seed * 101 + (x * y * (seed + 3)) % 29) % 256
    }

    /// An RGB image.
    static func png(_ seed: Int, width: Int = 20, height: Int = 16, colorType: Int = 2) -> [UInt8] {
        PNGBytes(width: width, height: height, bitDepth: 8, colorType: colorType) { x, y, c in
            value(x, y, c, seed)
        }.encoded
    }

    /// The same RGB image as bytes in (H, W, C).
    static func bytes(_ seed: Int, width: Int = 20, height: Int = 16) -> [UInt8] {
        (0..<height).flatMap { y in
            (0..<width).flatMap { x in (0..<3).map { UInt8(value(x, y, $0, seed)) } }
        }
    }

    /// Values in [0, 1].
    static func floats(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 1000) / 1000 }
    }

    /// A pair as a form.
    static func pair(_ output: Int = 1, _ target: Int = 2) -> Form {
        Form(("output", "image/png", png(output)), ("target", "image/png", png(target)))
    }

    /// A uint8 npy file.
    static func npy(_ shape: [Int], uint8 bytes: [UInt8]) -> [UInt8] {
        npy("|u1", shape, bytes)
    }

    static func npy(_ descr: String, _ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
        let list = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let header = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(list)), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
            + Array(header.utf8) + bytes
    }
}

extension ClientResponse {
    /// The body as Foundation reads it: not our own parser.
    var json: [String: Any] {
        get throws {
            let object = try JSONSerialization.jsonObject(with: Data(body))
            return object as? [String: Any] ?? [:]
        }
    }

    /// The `code` of a problem.
    var code: String? { try? json["code"] as? String }

    /// The `results` as text: equal text is equal bits.
    var results: String? {
        guard let start = text.range(of: "\"results\":"), let end = text.range(of: ",\"warnings\"")
        else {
            return nil
        }
        return String(text[start.upperBound..<end.lowerBound])
    }
}
