// The asking side, for probes and measurements: one connection, one request at a time, on the
// caller's thread.

import Glibc

/// A blocking client that sends bytes as they are and reads answers that have a length.
public struct HTTPClient: ~Copyable {
    /// Why there is no answer.
    public enum Failure: Error, Sendable, Equatable {
        /// Nobody listens there, or there is no such place.
        case unreachable
        /// The connection ended, or stood still for the time allowed, before the answer was whole.
        case cut
        /// What came back is not HTTP/1.1 with a Content-Length, or longer than anybody would ask
        /// for.
        case notUnderstood
    }

    /// Beyond this there is no end of a head to be expected.
    private static let headBytesMax = 1 << 16

    private let descriptor: FileDescriptor
    private var received: [UInt8] = []

    /// Connects; 0.0.0.0 and :: mean this machine. `timeoutMs` bounds each wait, for the connection,
    /// for room to send and for bytes to read.
    public init(_ address: ListenAddress, timeoutMs: Int) throws(Failure) {
        for candidate in Self.candidates(address) {
            let raw = socket(candidate.family, Int32(SOCK_STREAM.rawValue), 0)
            guard raw >= 0 else { continue }
            let descriptor = FileDescriptor(owning: raw)
            _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
            // SO_SNDTIMEO bounds connect as well (socket(7)).
            var time = timeval(tv_sec: timeoutMs / 1000, tv_usec: timeoutMs % 1000 * 1000)
            for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
                unsafe setsockopt(
                    raw, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
            }
            guard unsafe candidate.withPointer({ unsafe connect(raw, $0, $1) }) == 0 else {
                continue
            }
            self.descriptor = descriptor
            return
        }
        throw .unreachable
    }

    private static func candidates(_ address: ListenAddress) -> [SocketAddress] {
        do {
            switch address {
            case .unix(let path): return [try SocketAddress(unixPath: path)]
            case .tcp("0.0.0.0", let port):
                return try SocketAddress.resolve(host: "127.0.0.1", port: port)
            case .tcp("::", let port): return try SocketAddress.resolve(host: "::1", port: port)
            case .tcp(let host, let port):
                return try SocketAddress.resolve(host: host, port: port)
            }
        } catch {
            return []
        }
    }

    /// Sends a whole request and reads the whole answer, the interim ones left out.
    public mutating func exchange(
        _ request: [UInt8]
    ) throws(Failure) -> (status: Int, body: [UInt8]) {
        try send(request)
        while true {
            let end = try readHead()
            let head = String(decoding: received[..<end], as: UTF8.self)
            received.removeFirst(end)
            let lines = head.split(separator: "\r\n")
            guard let status = Self.status(lines.first) else { throw .notUnderstood }
            guard status >= 200 else { continue }
            return (status, try readBody(lines.dropFirst()))
        }
    }

    private func send(_ bytes: [UInt8]) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor.raw, $0.baseAddress?.advanced(by: sent), $0.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .cut }
            sent += count
        }
    }

    /// Reads up to the empty line; where it ends.
    private mutating func readHead() throws(Failure) -> Int {
        let mark = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            while searched + mark.count <= received.count {
                if received[searched..<searched + mark.count].elementsEqual(mark) {
                    return searched + mark.count
                }
                searched += 1
            }
            guard received.count < Self.headBytesMax else { throw .notUnderstood }
            try receive()
        }
    }

    /// RFC 9112 §4: `HTTP/1.1 200 OK`.
    private static func status(_ line: Substring?) -> Int? {
        guard let words = line?.split(separator: " "), words.count >= 2,
            words[0].hasPrefix("HTTP/1.")
        else { return nil }
        return Int(words[1])
    }

    private mutating func readBody(_ fields: ArraySlice<Substring>) throws(Failure) -> [UInt8] {
        let name = "content-length:"
        let field = fields.first { $0.lowercased().hasPrefix(name) }
        guard let length = field.flatMap({ Int($0.dropFirst(name.count).trimmingSpaces) }),
            length >= 0
        else { throw .notUnderstood }
        while received.count < length { try receive() }
        defer { received.removeFirst(length) }
        return Array(received[..<length])
    }

    private mutating func receive() throws(Failure) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe recv(descriptor.raw, &buffer, buffer.count, 0)
        if count < 0 && errno == EINTR { return }
        guard count > 0 else { throw .cut }
        received += buffer[..<count]
    }
}

extension Substring {
    /// Without the spaces at both ends.
    fileprivate var trimmingSpaces: Substring {
        let start = drop { $0 == " " }
        return start.prefix { $0 != " " }
    }
}
