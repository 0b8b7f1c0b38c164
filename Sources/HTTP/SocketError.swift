// What can go wrong between a listen address and a listening socket.

import Glibc

/// Why the server cannot listen. Each message is one line for whoever starts the process.
public enum SocketError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text is neither `host:port`, `[ipv6]:port` nor `unix:/path`.
    case invalidAddress(String)
    /// The host has no address that can be listened on.
    case unresolvable(host: String)
    /// The Unix socket path is longer than `sun_path` holds.
    case pathTooLong(String, limit: Int)
    /// The Unix socket path exists and is not a socket, so it is not ours to remove.
    case pathNotASocket(String)
    /// A system call failed with this `errno`.
    case system(call: String, address: String, errno: Int32)

    /// One line that says what to change.
    public var description: String {
        switch self {
        case .invalidAddress(let text):
            "'\(text)' is not a listen address; write host:port, [ipv6]:port or unix:/path"
        case .unresolvable(let host):
            "host '\(host)' has no address to listen on"
        case .pathTooLong(let path, let limit):
            "socket path '\(path)' is longer than \(limit) bytes"
        case .pathNotASocket(let path):
            "'\(path)' exists and is not a socket; remove it or choose another path"
        case .system(let call, let address, let code):
            unsafe "cannot listen on \(address): \(call): \(String(cString: strerror(code)))"
        }
    }
}
