import Glibc

/// Tells systemd, where that started the process, what becomes of it (`Type=notify`): the protocol
/// of sd_notify(3), a datagram to the Unix socket that `NOTIFY_SOCKET` names.
struct SystemdNotifier: Sendable {
    /// What there is to tell.
    enum Message: String {
        case ready = "READY=1"
        case stopping = "STOPPING=1"
    }

    private let name: [UInt8]

    /// nil where nobody listens, or the name is none that a socket can have.
    init?() {
        guard let value = unsafe getenv("NOTIFY_SOCKET") else { return nil }
        self.init(name: unsafe String(cString: value))
    }

    /// - Parameter name: an absolute path, or `@` and a name of the abstract namespace (unix(7)).
    init?(name: String) {
        var name = Array(name.utf8)
        let room = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        guard let first = name.first, name.count < room else { return nil }
        switch first {
        case UInt8(ascii: "/"): break
        case UInt8(ascii: "@"): name[0] = 0
        default: return nil
        }
        self.name = name
    }

    /// Whether the kernel took the message.
    func send(_ message: Message) -> Bool {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { _ = close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let text = Array(message.rawValue.utf8)
        let sent = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(socket, text, text.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
        return sent == text.count
    }
}
