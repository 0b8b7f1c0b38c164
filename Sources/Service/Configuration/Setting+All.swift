/// The table of settings. Nothing that grows in this service lacks a line here.
extension Setting {
    /// Every setting, in the order `--help` shows them.
    public static let all: [Setting] = [
        listen, weights, preprocessing, instructionSet, workers,
        maxBodyBytes, maxImagePixels, minImageSide, maxPairsPerRequest, maxMemoryBytes,
        queueJobs, queueBytes, targetCacheBytes,
        maxConnections, maxHeaderBytes, maxHeaders, maxURIBytes,
        requestTimeoutMs, headerTimeoutMs, bodyIdleTimeoutMs, keepaliveTimeoutMs, writeTimeoutMs,
        drainDelayMs, shutdownGraceMs, logFormat, logLevel,
    ]

    static let listen = Setting(
        key: "listen", kind: .list, defaultValue: .text("127.0.0.1:8080"),
        help: "Address to serve on, HOST:PORT or unix:/path; repeat the flag for several")
    static let weights = Setting(
        key: "weights", kind: .text, defaultValue: .none(description: "the embedded VGG-16"),
        help: "A safetensors file with torchvision's names, VGG-16 or VGG-19, F16, BF16 or F32")
    static let preprocessing = Setting(
        key: "preprocessing", kind: .choice(["caffe", "torchvision"]),
        defaultValue: .none(description: "from the file"),
        help:
            "What the weights expect, caffe or torchvision; needed when the file's metadata says "
            + "nothing"
    )
    static let instructionSet = Setting(
        key: "instruction-set", kind: .choice(["avx512", "avx2", "portable"]),
        defaultValue: .none(description: "the best there is"),
        help: "Force the kernels of one instruction set: avx512, avx2 or portable")
    static let workers = Setting(
        key: "workers", kind: .integer(1...1024, unit: .count),
        defaultValue: .machine(description: "effective CPUs") { $0.effectiveCPUs },
        help:
            "Threads that compute; effective CPUs are the least of affinity, cpuset and cgroup "
            + "quota"
    )

    static let maxBodyBytes = bytes(
        "max-body-bytes", 256 << 20, "Largest request body")
    static let maxImagePixels = Setting(
        key: "max-image-pixels", kind: .integer(256...1 << 34, unit: .pixels),
        defaultValue: .integer(67_108_864),
        help: "Largest image, width times height; checked in the PNG's header before inflating")
    static let minImageSide = Setting(
        key: "min-image-side", kind: .integer(1...65_536, unit: .pixels),
        defaultValue: .integer(16),
        help: "Smallest width and height of an image")
    static let maxPairsPerRequest = count(
        "max-pairs-per-request", 32, 1...4096, "Most pairs or images in one request")
    static let maxMemoryBytes = Setting(
        key: "max-memory-bytes", kind: .integer(1 << 20...1 << 50, unit: .bytes),
        defaultValue: .machine(description: "60 % of the cgroup or RAM limit") {
            $0.memoryBytes / 10 * 6
        },
        help: "Memory for the jobs admitted, by each job's estimate")

    static let queueJobs = count("queue-jobs", 64, 1...65_536, "Most jobs that wait for a worker")
    static let queueBytes = bytes(
        "queue-bytes", 1 << 30, "Most request bytes that arrive or wait at a time")
    static let targetCacheBytes = Setting(
        key: "target-cache-bytes", kind: .integer(0...1 << 50, unit: .bytes),
        defaultValue: .integer(256 << 20),
        help: "Memory for registered targets and what was computed from targets; 0 keeps none")

    static let maxConnections = count(
        "max-connections", 1024, 1...1_000_000, "Most open connections")
    static let maxHeaderBytes = bytes("max-header-bytes", 16 << 10, "Largest request head")
    static let maxHeaders = count("max-headers", 100, 1...10_000, "Most header fields")
    static let maxURIBytes = bytes("max-uri-bytes", 8 << 10, "Longest request target")

    static let requestTimeoutMs = Setting(
        key: "request-timeout-ms", kind: .integer(100...600_000, unit: .ms),
        defaultValue: .integer(60_000),
        help: "Deadline of a request, unless X-Request-Timeout-Ms sets another")
    static let headerTimeoutMs = milliseconds(
        "header-timeout-ms", 10_000, "A head that is not complete by then is answered 408")
    static let bodyIdleTimeoutMs = milliseconds(
        "body-idle-timeout-ms", 30_000, "A body that stands still for so long is answered 408")
    static let keepaliveTimeoutMs = milliseconds(
        "keepalive-timeout-ms", 75_000, "An idle connection is closed after this")
    static let writeTimeoutMs = milliseconds(
        "write-timeout-ms", 30_000,
        "A client that takes nothing of its answer for so long is cut off")

    static let drainDelayMs = Setting(
        key: "drain-delay-ms", kind: .integer(0...3_600_000, unit: .ms), defaultValue: .integer(0),
        help:
            "How long to go on serving, not ready, after SIGTERM; for load balancers that need a "
            + "moment"
    )
    static let shutdownGraceMs = Setting(
        key: "shutdown-grace-ms", kind: .integer(0...3_600_000, unit: .ms),
        defaultValue: .integer(25_000),
        help: "How long what is queued and running may take to finish then")
    static let logFormat = Setting(
        key: "log-format", kind: .choice(["text", "json"]),
        defaultValue: .none(description: "text on a terminal, else json"),
        help: "Lines for people (text) or for machines (json), on standard error")
    static let logLevel = Setting(
        key: "log-level",
        kind: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
        defaultValue: .text("info"),
        help: "Least severity that is logged; a request is one info line")

    private static func bytes(_ key: String, _ value: Int, _ help: String) -> Setting {
        Setting(
            key: key, kind: .integer(1024...1 << 50, unit: .bytes), defaultValue: .integer(value),
            help: help)
    }

    private static func milliseconds(_ key: String, _ value: Int, _ help: String) -> Setting {
        Setting(
            key: key, kind: .integer(1...3_600_000, unit: .ms), defaultValue: .integer(value),
            help: help)
    }

    private static func count(
        _ key: String, _ value: Int, _ range: ClosedRange<Int>, _ help: String
    ) -> Setting {
        Setting(
            key: key, kind: .integer(range, unit: .count), defaultValue: .integer(value), help: help
        )
    }
}
