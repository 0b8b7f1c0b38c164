// Where to listen, as it is written in flags and printed in logs.

/// An address to listen on: `127.0.0.1:8080`, `[::1]:8080`, `localhost:0` or `unix:/run/x.sock`.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or numeric address without brackets, and a port in 0…65535; port 0 asks the
    /// system for a free one.
    case tcp(host: String, port: Int)
    /// The path of a Unix domain stream socket.
    case unix(path: String)

    /// Reads the written form.
    ///
    /// Throws `SocketError.invalidAddress` when the text is not one of the forms above.
    public init(parsing text: String) throws(SocketError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty, !path.utf8.contains(0) else { throw .invalidAddress(text) }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { throw .invalidAddress(text) }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .invalidAddress(text)
        }
        guard !host.isEmpty, !host.utf8.contains(0),
            digits.utf8.allSatisfy(ASCII.isDigit),
            let port = Int(digits), (0...65535).contains(port)
        else { throw .invalidAddress(text) }
        self = .tcp(host: String(host), port: port)
    }

    /// The form that `init(parsing:)` reads.
    public var description: String {
        switch self {
        case .tcp(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
