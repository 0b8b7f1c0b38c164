// Every system call on a listening socket.

import Glibc

/// A socket that is bound and listens; a Unix one removes its path when it goes.
struct ListeningSocket: ~Copyable, Sendable {
    private let socket: Socket
    private let ownedPath: OwnedPath?
    /// Where it listens, with the real port when 0 was asked for.
    let address: ListenAddress

    var rawDescriptor: Int32 { socket.rawDescriptor }

    init(on address: ListenAddress, unixSocketMode: UInt32?) throws(SocketError) {
        switch address {
        case .tcp(let host, let port):
            let candidate = try SocketAddress.resolve(host: host, port: port)[0]
            socket = try Self.listening(on: candidate, named: address.description)
            ownedPath = nil
            self.address = Self.boundAddress(socket) ?? address
        case .unix(let path):
            let candidate = try SocketAddress(unixPath: path)
            try OwnedPath.removeStale(path, address: candidate)
            socket = try Self.listening(on: candidate, named: address.description) {
                // Before anybody can connect.
                unixSocketMode.map { unsafe chmod(path, $0) } ?? 0
            }
            ownedPath = OwnedPath(path)
            self.address = address
        }
    }

    deinit {
        ownedPath?.remove()
    }

    /// Whoever has begun to connect gets through, and nobody after that: between the last accept and
    /// the close of a listening socket clients would connect whose requests nobody reads.
    func refuseNewcomers() {
        ownedPath?.remove()
        guard case .tcp = address else { return }
        // A classic BPF program over the TCP header, whose octet 13 has the flags: 0 drops a segment
        // with SYN and without ACK, which its sender repeats a second later, and hears a reset then.
        var program: [UInt64] = [
            Self.instruction(0x30, 13),  // ldb [13]
            Self.instruction(0x54, 0x12),  // and SYN | ACK
            Self.instruction(0x15, 0x02, jumpFalse: 1),  // jeq SYN
            Self.instruction(0x06, 0),  // ret 0
            Self.instruction(0x06, 0x0004_0000),  // ret all
        ]
        unsafe program.withUnsafeMutableBufferPointer { instructions in
            var filter = unsafe FilterProgram(
                count: UInt16(instructions.count), instructions: instructions.baseAddress)
            let attachFilter: Int32 = 26  // SO_ATTACH_FILTER, socket(7)
            _ = unsafe setsockopt(
                rawDescriptor, SOL_SOCKET, attachFilter, &filter,
                socklen_t(MemoryLayout<FilterProgram>.size))
        }
    }

    /// `struct sock_filter` of linux/filter.h: a code, two relative jumps and an operand.
    private static func instruction(
        _ code: UInt64, _ operand: UInt64, jumpFalse: UInt64 = 0
    ) -> UInt64 {
        code | jumpFalse << 24 | operand << 32
    }

    /// `struct sock_fprog`.
    @safe private struct FilterProgram {
        let count: UInt16
        let instructions: UnsafeMutablePointer<UInt64>?
    }

    /// Refuses whoever comes from here on. The descriptor itself closes when the loop lets go of it,
    /// which may be after a successor wants the address.
    func stopListening() {
        ownedPath?.remove()
        _ = shutdown(socket.rawDescriptor, Int32(SHUT_RDWR))
    }

    enum AcceptResult: ~Copyable {
        case connection(Socket, client: PeerAddress)
        /// Nobody is waiting.
        case wouldBlock
        /// The process or the system has no descriptor or buffer left.
        case exhausted
    }

    func accept() -> AcceptResult {
        while true {
            var peer = SocketAddress()
            let raw = unsafe peer.withMutablePointer {
                unsafe Glibc.accept(socket.rawDescriptor, $0, $1)
            }
            if raw >= 0 {
                let connection = Socket(FileDescriptor(owning: raw))
                guard case .tcp(let host, let port) = peer.numeric else {
                    return .connection(connection, client: .unix)
                }
                connection.disableNagle()
                return .connection(connection, client: .tcp(host: host, port: port))
            }
            switch errno {
            case EAGAIN: return .wouldBlock
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
            // accept(2) passes on errors of the new connection; that one is lost, not this socket.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
                EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM:
                continue
            default: return .exhausted
            }
        }
    }

    private static func listening(
        on address: SocketAddress, named name: String, setMode: () -> Int32 = { 0 }
    ) throws(SocketError) -> Socket {
        let raw = Glibc.socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        guard raw >= 0 else { throw .system(call: "socket", address: name, errno: errno) }
        let socket = Socket(FileDescriptor(owning: raw))
        // A restart must not wait for the TIME_WAIT of the last run's connections.
        if address.family != AF_UNIX { socket.setOption(Int(SOL_SOCKET), SO_REUSEADDR) }
        guard unsafe address.withPointer({ unsafe bind(raw, $0, $1) }) == 0 else {
            throw .system(call: "bind", address: name, errno: errno)
        }
        guard setMode() == 0 else { throw .system(call: "chmod", address: name, errno: errno) }
        guard listen(raw, SOMAXCONN) == 0 else {
            throw .system(call: "listen", address: name, errno: errno)
        }
        return socket
    }

    private static func boundAddress(_ socket: borrowing Socket) -> ListenAddress? {
        var address = SocketAddress()
        let raw = socket.rawDescriptor
        guard unsafe address.withMutablePointer({ unsafe getsockname(raw, $0, $1) }) == 0 else {
            return nil
        }
        return address.numeric
    }
}

/// The file of a Unix socket that this process made, told from a successor's by its inode.
private struct OwnedPath: Sendable {
    private let path: String
    private let inode: ino_t
    private let device: dev_t

    init?(_ path: String) {
        guard let status = Self.status(path) else { return nil }
        self.path = path
        inode = status.st_ino
        device = status.st_dev
    }

    func remove() {
        guard let status = Self.status(path), status.st_ino == inode, status.st_dev == device
        else { return }
        unsafe unlink(path)
    }

    /// Removes a socket that nobody listens on any more, and nothing else.
    static func removeStale(_ path: String, address: SocketAddress) throws(SocketError) {
        guard let status = status(path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .pathNotASocket(path) }
        let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard raw >= 0 else { throw .system(call: "socket", address: path, errno: errno) }
        let probe = FileDescriptor(owning: raw)
        let isAlive = unsafe address.withPointer { unsafe connect(probe.raw, $0, $1) } == 0
        // A live one is left for bind to report as EADDRINUSE.
        if !isAlive && errno == ECONNREFUSED { unsafe unlink(path) }
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status : nil
    }
}
