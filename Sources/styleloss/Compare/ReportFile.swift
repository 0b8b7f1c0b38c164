import Glibc
import Service

/// Where a report goes: a file, or standard output.
final class ReportFile {
    private let name: String
    private let descriptor: Int32

    /// Whether people read it as it is written.
    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Opens a file, whose content is replaced; standard output for nil.
    init(_ path: String?) throws(Exit) {
        name = path ?? "standard output"
        descriptor =
            path.map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) } ?? STDOUT_FILENO
        guard descriptor >= 0 else { throw failure }
    }

    deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

    /// Writes a text, all of it at once if the system takes it: no line waits for the next one.
    func write(_ text: String) throws(Exit) { try write(Array(text.utf8)) }

    /// Writes bytes.
    func write(_ bytes: [UInt8]) throws(Exit) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure }
            rest = rest.dropFirst(count)
        }
    }

    private var failure: Exit {
        Exit(.runtime, ["\(name): it cannot be written: \(String(cString: strerror(errno)))"])
    }
}
