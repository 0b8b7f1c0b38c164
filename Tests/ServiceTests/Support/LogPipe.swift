import Glibc
import Service
import Testing

/// A log whose lines can be read back.
///
/// Its descriptors stay open: a service may still log its last request when a test returns, and a
/// closed descriptor would be another test's socket by then.
struct LogPipe {
    let sink: LogSink
    private let readEnd: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        readEnd = ends[0]
        sink = LogSink(descriptor: ends[1])
    }

    /// What was logged until now; there must be something.
    func read() -> String {
        sink.flush(timeoutMs: 10_000)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(readEnd, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}
