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
