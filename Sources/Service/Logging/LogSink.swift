import Dispatch
import Glibc
import Synchronization

/// Standard error for lines that must never hold up a request.
///
/// A pipe nobody reads blocks `write`, and a closed one fails it. So lines go through a bounded
/// buffer to one queue of their own; what finds the buffer full is dropped and counted, and a
/// failed write is the end of nothing.
public final class LogSink: Sendable {
    private struct Buffer {
        var bytes: [UInt8] = []
        var droppedLines = 0
        var isWriting = false
    }

    private let descriptor: Int32
    private let bufferBytesMax: Int
    private let buffer = Mutex(Buffer())
    private let queue = DispatchQueue(label: "styleloss.log")

    /// - Parameters:
    ///   - descriptor: stays open as long as the sink lives; it is not closed here.
    ///   - bufferBytesMax: what may wait for its reader.
    public init(descriptor: Int32 = STDERR_FILENO, bufferBytesMax: Int = 1 << 20) {
        self.descriptor = descriptor
        self.bufferBytesMax = bufferBytesMax
    }

    /// Whether a person is likely to read the lines.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Takes a line, without its end, and returns at once.
    public func write(_ line: String) {
        let startsWriting = buffer.withLock { buffer in
            guard buffer.bytes.count < bufferBytesMax else {
                buffer.droppedLines += 1
                return false
            }
            buffer.bytes += line.utf8
            buffer.bytes.append(UInt8(ascii: "\n"))
            defer { buffer.isWriting = true }
            return !buffer.isWriting
        }
        if startsWriting { queue.async { self.drain() } }
    }

    /// Waits until what was written before is out, or the time is up.
    public func flush(timeoutMs: Int) {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        _ = done.wait(timeout: .now() + .milliseconds(timeoutMs))
    }

    private func drain() {
        while let bytes = take() { writeAll(bytes) }
    }

    private func take() -> [UInt8]? {
        buffer.withLock { buffer in
            guard !buffer.bytes.isEmpty else {
                buffer.isWriting = false
                return nil
            }
            var bytes: [UInt8] = []
            swap(&bytes, &buffer.bytes)
            if buffer.droppedLines > 0 {
                bytes +=
                    "(\(buffer.droppedLines) log lines dropped: nobody reads fast enough)\n".utf8
                buffer.droppedLines = 0
            }
            return bytes
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = unsafe Glibc.write(
                    descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
                if count < 0 && errno == EAGAIN { waitUntilWritable() }
                if count < 0 && errno != EINTR && errno != EAGAIN { return }
                offset += max(0, count)
            }
        }
    }

    /// Whoever shares the descriptor may have made it non-blocking.
    private func waitUntilWritable() {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        unsafe poll(&entry, 1, 1000)
    }
}
