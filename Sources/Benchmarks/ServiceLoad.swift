import Codecs
import Foundation
import HTTP
import Inference
import Service

extension Bench {
    /// W1 as two PNG uploads, over a socket: what the service adds to the engine, and what many
    /// clients get. The target cache is off, but for the last line.
    func timeService() throws {
        header("service: W1 as two PNG uploads (embedded weights)")
        let images = try ["astronaut-256", "rocket-256"].map { name in
            Array(try Data(contentsOf: URL(fileURLWithPath: "Tests/Fixtures/images/\(name).png")))
        }
        let start = ContinuousClock.now
        let service = try ServiceUnderLoad(["--target-cache-bytes=0"], instructionSet, pool.workers)
        print("start to ready \(format((ContinuousClock.now - start).milliseconds, 0)) ms")
        let engine = try timeEngine(images, service)
        for clients in [1, 4, 16] {
            let load = try service.load(images, clients: clients, seconds: 5)
            print(report(clients, load))
            if clients == 1 {
                print(
                    "  engine alone \(format(engine.median, 1)) ms: the service adds "
                        + "\(format(load.p50 - engine.median, 1)) ms")
            }
        }
        let caching = try ServiceUnderLoad([], instructionSet, pool.workers)
        print(report(1, try caching.load(images, clients: 1, seconds: 5)) + ", target cached")
    }

    private func report(_ clients: Int, _ load: Load) -> String {
        "\(pad("\(clients)", 3, left: true)) client(s)  "
            + "\(pad(format(load.requestsPerSecond, 1), 6, left: true)) requests/s  "
            + "p50 \(format(load.p50, 1)) ms  p99 \(format(load.p99, 1)) ms"
    }

    // The same pair, decoded already, on the same pool.
    private func timeEngine(_ files: [[UInt8]], _ service: ServiceUnderLoad) throws -> Times {
        let images = try files.map { file in
            let png = try PNG.decode(file.span, pixelsMax: 1 << 24)
            guard case .uint8(let samples) = png.samples else {
                throw BenchmarkError.noAnswer("the sample images have 8 bits")
            }
            return Image(
                width: png.width, height: png.height, channels: png.channels, uint8: samples)
        }
        let evaluator = LossEvaluator(extractor: try extractor(.vgg16))
        return try Times(runs: 21) {
            _ = try service.pool.runAndWait { team in
                try evaluator.evaluate(
                    [Pair(output: images[0], target: 0)], targets: [.image(images[1])],
                    loss: Presets.all[0], team: team)
            }
        }
    }
}

/// Latencies of one closed loop.
struct Load {
    let requestsPerSecond: Double
    let p50: Double
    let p99: Double

    init(latencies: [Double], seconds: Double) {
        let sorted = latencies.sorted()
        requestsPerSecond = Double(sorted.count) / seconds
        p50 = sorted[sorted.count / 2]
        p99 = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
    }
}

/// A service of this process on a free port of the loopback interface.
struct ServiceUnderLoad {
    private let service: LossService
    private let port: Int

    var pool: WorkerPool { service.pool }

    init(_ flags: [String], _ instructionSet: InstructionSet, _ workers: Int) throws {
        let fixed = [
            "--listen=127.0.0.1:0", "--log-level=critical", "--workers=\(workers)",
            "--instruction-set=\(instructionSet.rawValue)",
        ]
        service = try LossService(
            configuration: Configuration(flags: fixed + flags), sink: LogSink())
        guard case .tcp(_, let port) = service.boundAddresses[0] else {
            throw BenchmarkError.noAnswer("no port")
        }
        self.port = port
        try service.load()
    }

    /// Clients that post the pair again and again, each on a connection of its own.
    func load(_ images: [[UInt8]], clients: Int, seconds: Double) throws -> Load {
        let request = Self.request(images)
        let latencies = Latencies()
        let begin = ContinuousClock.now
        // A thread for each: concurrentPerform would run no more than there are cores.
        let running = DispatchGroup()
        for _ in 0..<clients {
            running.enter()
            Thread.detachNewThread { [port] in
                defer { running.leave() }
                do {
                    var client = try HTTPClient(
                        .tcp(host: "127.0.0.1", port: port), timeoutMs: 60_000)
                    while ContinuousClock.now - begin < .seconds(seconds) {
                        let start = ContinuousClock.now
                        guard try client.exchange(request).status == 200 else { return }
                        latencies.add((ContinuousClock.now - start).milliseconds)
                    }
                } catch {
                    print("a client was cut off: \(error)")
                }
            }
        }
        running.wait()
        guard !latencies.all.isEmpty else { throw BenchmarkError.noAnswer("no answer of 200") }
        return Load(
            latencies: latencies.all,
            seconds: (ContinuousClock.now - begin).milliseconds / 1000)
    }

    private static func request(_ images: [[UInt8]]) -> [UInt8] {
        var body: [UInt8] = []
        for (name, image) in zip(["output", "target"], images) {
            body += Array(
                "--bench\r\nContent-Disposition: form-data; name=\"\(name)\"\r\nContent-Type: image/png\r\n\r\n"
                    .utf8)
            body += image + Array("\r\n".utf8)
        }
        body += Array("--bench--\r\n".utf8)
        let head =
            "POST /v1/losses HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
            + "Content-Type: multipart/form-data; boundary=bench\r\n\r\n"
        return Array(head.utf8) + body
    }
}
