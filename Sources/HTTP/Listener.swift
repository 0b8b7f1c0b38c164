// A listening socket on the event loop.

/// Accepts until told to pause or stop.
final class Listener {
    private let socket: ListeningSocket
    private var source: LoopSource?
    let address: ListenAddress

    init(_ address: ListenAddress, unixSocketMode: UInt32?) throws(SocketError) {
        socket = try ListeningSocket(on: address, unixSocketMode: unixSocketMode)
        self.address = socket.address
    }

    func start(on loop: EventLoop, accept: @escaping () -> Void) {
        source = loop.readSource(socket.rawDescriptor, keeping: self, handler: accept)
    }

    func accept() -> ListeningSocket.AcceptResult {
        socket.accept()
    }

    func pause() {
        source?.pause()
    }

    func resume() {
        source?.resume()
    }

    /// From now on only those are accepted who have begun to connect.
    func refuseNewcomers() {
        socket.refuseNewcomers()
    }

    func stop() {
        socket.stopListening()
        source?.cancel()
        source = nil
    }
}
