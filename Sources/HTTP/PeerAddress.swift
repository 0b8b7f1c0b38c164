// Who is at the other end of a connection.

/// The address of a client.
public enum PeerAddress: Sendable, Hashable, CustomStringConvertible {
    /// A numeric host without brackets and a port.
    case tcp(host: String, port: Int)
    /// A client of a Unix socket; such clients have no address of their own.
    case unix

    /// `127.0.0.1:51234`, `[::1]:51234` or `unix`.
    public var description: String {
        switch self {
        case .tcp(let host, let port): ListenAddress.tcp(host: host, port: port).description
        case .unix: "unix"
        }
    }
}
