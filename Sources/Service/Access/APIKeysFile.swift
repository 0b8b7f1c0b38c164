import Glibc
import Synchronization

/// A file of keys and what stood in it when it was read last.
final class APIKeysFile: Sendable {
    private static let bytesMax = 1 << 20

    let path: String
    private let current: Mutex<APIKeys>

    init(path: String) throws(APIKeysError) {
        self.path = path
        current = Mutex(try Self.read(path))
    }

    var keys: APIKeys { current.withLock { $0 } }

    /// Reads the file again. A file that cannot be used changes nothing: those who had access keep
    /// it until the file is mended.
    func reload() throws(APIKeysError) {
        let keys = try Self.read(path)
        current.withLock { $0 = keys }
    }

    private static func read(_ path: String) throws(APIKeysError) -> APIKeys {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .unreadable(reason: unsafe String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &piece, piece.count)
            guard count >= 0 else {
                throw .unreadable(reason: unsafe String(cString: strerror(errno)))
            }
            guard count > 0 else { break }
            bytes += piece[..<count]
            guard bytes.count <= bytesMax else {
                throw .unreadable(reason: "it is larger than \(bytesMax) bytes")
            }
        }
        return try APIKeys(parsing: bytes)
    }
}
