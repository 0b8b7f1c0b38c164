import HTTP

/// Where clients connect, and how long they may take.
extension Setting where Value == [ListenAddress] {
    static var listen: Self {
        .addresses(
            "listen", default: .tcp(host: "127.0.0.1", port: 8080),
            "Address to serve on, HOST:PORT or unix:/path; repeat the flag for several")
    }
}

extension Setting where Value == UInt32? {
    static var unixSocketMode: Self {
        Setting(
            key: "unix-socket-mode", placeholder: "mode",
            help: "Who may connect to a Unix socket, octal as for chmod: 0660, 0600",
            defaultDescription: "as the umask says", standard: { _ in nil }
        ) { texts throws(SettingError) in
            guard let mode = UInt32(texts[0], radix: 8), mode <= 0o777 else {
                throw SettingError(clause: "\"\(texts[0])\" is no mode from 0000 to 0777")
            }
            return mode
        }
    }
}

extension Setting where Value == Int {
    static var maxConnections: Self {
        .integer(
            "max-connections", 1...1_000_000, .count, default: 1024, "Most open connections")
    }

    static var reservedConnections: Self {
        .integer(
            "reserved-connections", 1...1_000, .count, default: 32,
            "Connections beyond those that get a 503, or their answer when they ask for health")
    }

    static var requestTimeoutMs: Self {
        .integer(
            "request-timeout-ms", 100...600_000, .ms, default: 60_000,
            "Deadline of a request, unless X-Request-Timeout-Ms sets another")
    }
    static var headerTimeoutMs: Self {
        .milliseconds(
            "header-timeout-ms", default: 10_000,
            "A head that is not complete by then is answered 408")
    }
    static var bodyIdleTimeoutMs: Self {
        .milliseconds(
            "body-idle-timeout-ms", default: 30_000,
            "A body that stands still for so long is answered 408")
    }
    static var keepaliveTimeoutMs: Self {
        .milliseconds(
            "keepalive-timeout-ms", default: 75_000, "An idle connection is closed after this")
    }
    static var writeTimeoutMs: Self {
        .milliseconds(
            "write-timeout-ms", default: 30_000,
            "A client that takes nothing of its answer for so long is cut off")
    }
    static var minBytesPerSecond: Self {
        .integer(
            "min-bytes-per-second", 1...1 << 40, .bytes, default: 1024,
            "The slowest pace of a body or an answer once the grace is over")
    }
    static var paceGraceMs: Self {
        .milliseconds(
            "pace-grace-ms", default: 30_000, "How long a body or an answer may be slower")
    }
    static var lingerTimeoutMs: Self {
        .milliseconds(
            "linger-timeout-ms", default: 30_000,
            "How long a client may send on after its connection's last answer, to read that")
    }
    static var lingerIdleTimeoutMs: Self {
        .milliseconds(
            "linger-idle-timeout-ms", default: 5_000,
            "The same, between two pieces of what it sends")
    }
    static var lingerBytes: Self {
        .bytes("linger-bytes", default: 256 << 20, "How much it may send on")
    }

    static var drainDelayMs: Self {
        .milliseconds(
            "drain-delay-ms", from: 0, default: 0,
            "How long to go on serving, not ready, after SIGTERM; for load balancers that need a "
                + "moment")
    }
    static var shutdownGraceMs: Self {
        .milliseconds(
            "shutdown-grace-ms", from: 0, default: 25_000,
            "How long what is queued and running may take to finish then")
    }
}
