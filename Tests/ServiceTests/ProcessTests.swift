import Foundation
import Glibc
import HTTP
import Service
import TestSupport
import Testing

/// The served process: its descriptors and its signals.
struct ProcessTests {
    /// `styleloss serve` on a Unix socket, through a shell that sets the scene first.
    private final class Served {
        let path = NSTemporaryDirectory() + "styleloss-\(UUID().uuidString.prefix(8)).sock"
        let process = Process()
        let error = Pipe()

        init(_ shell: String, _ flags: String = "") throws {
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = [
                "-c",
                "\(shell); exec '\(Program.url.path)' serve --listen=unix:\(path) \(flags)",
            ]
            process.standardError = error
            process.standardOutput = FileHandle.nullDevice
        }

        func start() throws {
            try process.run()
            let end = ContinuousClock.now + .seconds(30)
            while !HealthProbe.isReady(.unix(path: path)) {
                guard process.isRunning, .now < end else {
                    throw TestFailure(description: "not ready")
                }
                sched_yield()
            }
        }

        deinit { if process.isRunning { process.terminate() } }

        /// Lowers a limit of the running process, as prlimit(1) has it.
        func limit(_ option: String) throws {
            let prlimit = Process()
            prlimit.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
            prlimit.arguments = ["--pid=\(process.processIdentifier)", option]
            try prlimit.run()
            prlimit.waitUntilExit()
            try #require(prlimit.terminationStatus == 0)
        }

        /// What a descriptor of the process is.
        func target(_ descriptor: Int) throws -> String {
            try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(process.processIdentifier)/fd/\(descriptor)")
        }
    }

    /// With standard error closed, the first client's socket once was descriptor 2 and got the log.
    @Test(arguments: ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
    func `opens closed standard streams on the null device`(closing: String) throws {
        let served = try Served("exec \(closing)", "--log-level=debug")
        try served.start()
        let client = try SocketClient(unixPath: served.path)
        try client.send("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.readResponse()?.status == 200)
        try client.send("GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(try client.readResponse()?.status == 200)
        #expect(try client.readToEnd().isEmpty, "log lines in the client's socket")
        for descriptor in 0...2 where closing.contains("\(descriptor)") {
            #expect(try served.target(descriptor) == "/dev/null")
        }
    }

    @Test func `raises the limit of open files and says how many connections that allows`() throws {
        let served = try Served("ulimit -S -n 64; ulimit -H -n 512")
        try served.start()
        served.process.terminate()
        let data = served.error.fileHandleForReading.readDataToEndOfFile()
        let log = String(decoding: data, as: UTF8.self)
        // 512 less 32 of its own, one listener and the 32 that only ask for health.
        #expect(log.contains(#""connections":447,"open_files":512"#), "\(log)")
        #expect(log.contains("raise the limit of open files"), "\(log)")
    }

    /// The limit falls while it runs, so that nothing it reckoned with at the start holds.
    @Test func `answers health when it is out of descriptors`() throws {
        let served = try Served(":", "--header-timeout-ms=600000")
        try served.start()
        let pid = served.process.processIdentifier
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
        let most = (open.compactMap { Int($0) }.max() ?? 0) + 9
        try served.limit("--nofile=\(most)")
        let slow = try (0..<40).map { _ in
            let client = try SocketClient(unixPath: served.path)
            try client.send("GET / HTTP/1.1\r\nHo")
            return client
        }
        for _ in 0..<8 { #expect(HealthProbe.isReady(.unix(path: served.path))) }
        // Somebody had to go for it, and nobody else has.
        #expect(slow.contains { !$0.hasInput })
    }

    @Test(.enabled(if: !Sanitizer.isOn))
    func `plans with the address space that ulimit leaves`() throws {
        let served = try Served("ulimit -v 6000000")
        try served.start()
        let client = try SocketClient(unixPath: served.path)
        try client.send("GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let info = try #require(try client.readResponse()).json
        let bytes = try #require(info["memory_bytes"] as? Int)
        #expect(bytes < 6_000_000 << 10 && bytes > 1 << 30)
    }

    /// A process whose limit of address space is below its limit of memory goes on where an allocation
    /// would have failed.
    @Test(.enabled(if: !Sanitizer.isOn))
    func `answers 503 to a job whose memory the system does not grant`() throws {
        let served = try Served(
            ":", "--workers=1 --max-memory-bytes=1099511627776 --allowed-hosts='*'")
        try served.start()
        let pid = served.process.processIdentifier
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let size = try #require(
            status.split(separator: "\n").first { $0.hasPrefix("VmSize:") }?
                .split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) })
        try served.limit("--as=\((size << 10) + (300 << 20))")
        func gram(width: Int) throws -> ClientResponse? {
            let image = Sample.png(1, width: width, height: 16, colorType: 0)
            let form = Form(("image", nil, image))
            let client = try SocketClient(unixPath: served.path)
            try client.send(
                RunningService.request(
                    "POST", "/v1/gram?layers=relu1_2",
                    [("Content-Type", form.contentType)], form.body))
            return try client.readResponse()
        }
        // Memory of a walk grows with the width: some 9 KB a pixel.
        let refusal = try #require(try gram(width: 400_000))
        #expect(refusal.status == 503, "\(refusal.text)")
        #expect(refusal.code == "insufficient_memory")
        #expect(refusal["retry-after"] != nil)
        #expect(try gram(width: 16)?.status == 200)
    }

    @Test func `is not ended by signals that mean nothing to it`() throws {
        let served = try Served(":")
        try served.start()
        let signals =
            [SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGPIPE, 34, 64]
        for signal in signals {
            kill(served.process.processIdentifier, signal)
            #expect(HealthProbe.isReady(.unix(path: served.path)), "signal \(signal)")
        }
        served.process.terminate()
        served.process.waitUntilExit()
        #expect(served.process.terminationStatus == 0)
    }

    @Test(arguments: [true, false])
    func `tells systemd when it is ready and when it stops`(isAbstract: Bool) throws {
        let id = UUID().uuidString.prefix(8)
        let name = isAbstract ? "@styleloss-\(id)" : NSTemporaryDirectory() + "notify-\(id)"
        let systemd = try DatagramSocket(name: name)
        let served = try Served("export NOTIFY_SOCKET=\(name)")
        try served.start()
        #expect(systemd.receive() == "READY=1")
        served.process.terminate()
        #expect(systemd.receive() == "STOPPING=1")
        served.process.waitUntilExit()
        #expect(served.process.terminationStatus == 0)
    }

    @Test(arguments: ["", "relative", "/nowhere/notify", "/" + String(repeating: "a", count: 200)])
    func `serves whether or not systemd can be told`(name: String) throws {
        let served = try Served("export NOTIFY_SOCKET=\(name)")
        try served.start()
        served.process.terminate()
        served.process.waitUntilExit()
        #expect(served.process.terminationStatus == 0)
    }

    @Test func `ends at once at the second signal`() throws {
        let served = try Served(":", "--drain-delay-ms=600000")
        try served.start()
        served.process.terminate()
        while HealthProbe.isReady(.unix(path: served.path)) { sched_yield() }
        served.process.terminate()
        served.process.waitUntilExit()
        #expect(served.process.terminationReason == .exit)
        #expect(served.process.terminationStatus == 128 + SIGTERM)
    }

    @Test func `reads its API keys again at SIGHUP, and keeps them when the file is bad`() throws {
        let file = URL(fileURLWithPath: NSTemporaryDirectory() + "keys-" + UUID().uuidString)
        let (old, new) = ("old-0123456789abcdef", "new-0123456789abcdef")
        func write(_ text: String) throws { try Data(text.utf8).write(to: file) }
        try write("alice:\(old)")
        let served = try Served(":", "--log-format=text --api-keys-file=\(file.path)")
        try served.start()
        func status(_ key: String) throws -> Int? {
            let client = try SocketClient(unixPath: served.path)
            try client.send(
                "GET /v1/presets HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(key)\r\n\r\n")
            return try client.readResponse()?.status
        }
        #expect(try status(old) == 200 && status(new) == 401)
        try write("alice:\(new)")
        kill(served.process.processIdentifier, SIGHUP)
        let end = ContinuousClock.now + .seconds(20)
        while try status(new) != 200, .now < end { sched_yield() }
        #expect(try status(old) == 401 && status(new) == 200)
        try write("alice:short")
        kill(served.process.processIdentifier, SIGHUP)
        #expect(try status(new) == 200)
        served.process.terminate()
        let data = served.error.fileHandleForReading.readDataToEndOfFile()
        let log = String(decoding: data, as: UTF8.self)
        #expect(log.contains("API keys read again keys=1"), "\(log)")
        #expect(log.contains("error the API keys stay as they were"), "\(log)")
        #expect(log.contains("line 1 has no key") && !log.contains("0123456789"), "\(log)")
    }
}
