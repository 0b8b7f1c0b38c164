import Glibc

/// The bytes of a file, a pipe or standard input, from the first to the last.
public final class ByteStream {
    private static let chunkBytes = 1 << 16

    private let descriptor: Int32

    /// Opens a path, or standard input for `-`.
    public init(path: String) throws(MappedFileError) {
        descriptor = unsafe path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw .notRegularFile }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next bytes, 64 KiB at most; none at the end.
    public func next() throws(MappedFileError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Self.chunkBytes)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last }
            buffer.removeSubrange(count...)
            return buffer
        }
    }
}
