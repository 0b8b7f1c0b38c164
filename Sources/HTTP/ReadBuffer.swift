// The one large buffer that every connection of a loop reads through.

/// Bytes on their way from a socket to a parser; idle connections hold no buffer of their own.
final class ReadBuffer {
    /// Enough that a 30 MB upload takes about a hundred calls, and small enough for the L2 cache.
    static let capacity = 256 * 1024

    private(set) var bytes = [UInt8](repeating: 0, count: capacity)

    func receive(from socket: borrowing Socket, upTo limit: Int) -> Socket.ReceiveResult {
        unsafe bytes.withUnsafeMutableBytes {
            unsafe socket.receive(into: UnsafeMutableRawBufferPointer(rebasing: $0.prefix(limit)))
        }
    }
}
