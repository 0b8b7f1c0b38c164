// The server as its owner sees it: bind, start, drain, stop.

import Glibc
import Synchronization

/// An HTTP/1.1 server on one event loop.
///
/// `init` binds, so a taken port is known before anything else starts; `start` serves. A started
/// server runs until `shutdown` completes, whether or not this object is kept.
public final class HTTPServer: Sendable {
    /// Where the server listens, with the real ports where 0 was asked for.
    public let boundAddresses: [ListenAddress]

    private let loop = EventLoop()
    private let core: LoopBound<ServerCore>
    private let counters = ServerCounters()

    /// Binds every address and listens; connections wait in the backlog until `start`.
    ///
    /// A stale Unix socket path is replaced; a live one, and a file that is not a socket, are not.
    /// `unixSocketMode` are the permission bits of Unix socket paths; nil leaves them to the umask.
    /// Throws when one of the addresses cannot be listened on.
    public init(
        addresses: [ListenAddress], unixSocketMode: UInt32? = nil, limits: HTTPServerLimits,
        handler: any HTTPHandler
    ) throws(SocketError) {
        var listeners: [Listener] = []
        for address in addresses {
            listeners += try Self.listeners(on: address, unixSocketMode: unixSocketMode)
        }
        boundAddresses = listeners.map(\.address)
        core = LoopBound(
            ServerCore(
                listeners: listeners, loop: loop, limits: limits, handler: handler,
                counters: counters),
            to: loop)
    }

    /// localhost is two addresses, and some clients try the one first, some the other: both, on one
    /// port, or the first where the machine has no IPv6.
    private static func listeners(
        on address: ListenAddress, unixSocketMode: UInt32?
    ) throws(SocketError) -> [Listener] {
        guard case .tcp("localhost", let port) = address else {
            return [try Listener(address, unixSocketMode: unixSocketMode)]
        }
        let first = try Listener(.tcp(host: "127.0.0.1", port: port), unixSocketMode: nil)
        guard case .tcp(_, let boundPort) = first.address else { return [first] }
        do throws(SocketError) {
            return [first, try Listener(.tcp(host: "::1", port: boundPort), unixSocketMode: nil)]
        } catch {
            guard case .system(_, _, let number) = error,
                number == EADDRNOTAVAIL || number == EAFNOSUPPORT
            else { throw error }
            return [first]
        }
    }

    /// Begins to accept.
    public func start() {
        loop.run { [core] in core.value.start() }
    }

    /// From now on every answer carries `Connection: close`, and idle keep-alive connections close.
    /// New connections are still accepted.
    public func drain() {
        loop.run { [core] in core.value.drain() }
    }

    /// Accepts whoever has begun to connect and nobody who comes later, and closes the listening
    /// sockets a moment after that; paths of Unix ones are removed at once. Drains, lets requests that
    /// have begun finish, and closes what is left when `graceMs` are over. `completion` runs once, on
    /// the loop, when no connection is left.
    public func shutdown(graceMs: Int, completion: @escaping @Sendable () -> Void) {
        loop.run { [core] in core.value.shutdown(graceMs: graceMs, completion: completion) }
    }

    /// Connections that are open now.
    public var openConnections: Int { counters.openConnections }

    /// Bytes of the bodies that are on their way.
    public var arrivingBytes: Int { counters.arrivingBytes }

    /// Connections that were told that the server is full, since the start.
    public var rejectedConnections: Int { counters.rejectedConnections }
}

/// Numbers that the loop writes and anybody reads.
final class ServerCounters: Sendable {
    private let open = Atomic(0)
    private let rejected = Atomic(0)
    private let arriving = Atomic(0)

    var openConnections: Int { open.load(ordering: .relaxed) }
    var rejectedConnections: Int { rejected.load(ordering: .relaxed) }
    var arrivingBytes: Int { arriving.load(ordering: .relaxed) }

    func set(arrivingBytes: Int) {
        arriving.store(arrivingBytes, ordering: .relaxed)
    }

    func set(openConnections: Int) {
        open.store(openConnections, ordering: .relaxed)
    }

    func countRejection() {
        rejected.wrappingAdd(1, ordering: .relaxed)
    }
}
