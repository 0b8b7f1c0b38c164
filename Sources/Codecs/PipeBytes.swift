import Glibc

/// The bytes of what cannot be mapped: standard input, a named pipe, a process's output.
public enum PipeBytes {
    /// Reads a path, or standard input for `-`, to its end.
    ///
    /// - Throws: `tooLarge` beyond `countMax` bytes.
    public static func read(_ path: String, countMax: Int) throws(MappedFileError) -> [UInt8] {
        let descriptor = unsafe path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw .notRegularFile }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last }
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= countMax else { throw .tooLarge(bytesMax: countMax) }
        }
        guard !bytes.isEmpty else { throw .empty }
        return bytes
    }
}
