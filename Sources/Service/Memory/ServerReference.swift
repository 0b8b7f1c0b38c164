import HTTP
import Synchronization

/// The server, for what is made before it is.
final class ServerReference: Sendable {
    private let server = Mutex<HTTPServer?>(nil)

    var value: HTTPServer? { server.withLock { $0 } }

    func set(_ server: HTTPServer) { self.server.withLock { $0 = server } }
}
