// A blocking client that does exactly what a test says, unlike a real HTTP library.

import Glibc

/// A connected stream socket. Reads give up after ten seconds, so a server's fault fails a test
/// instead of hanging it.
public final class SocketClient {
    /// What went wrong, with the call it went wrong in.
    public struct Failure: Error, CustomStringConvertible {
        /// One line.
        public let description: String
    }

    private var descriptor: Int32
    private var received: [UInt8] = []

    /// Connects to a port on 127.0.0.1. A small `receiveBuffer` makes a slow reader.
    public init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var bytes = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try connect(&address, MemoryLayout<sockaddr_in>.size)
    }

    /// Connects to a Unix socket.
    public init(unixPath: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: unixPath.utf8) }
        try connect(&address, MemoryLayout<sockaddr_un>.size)
    }

    deinit {
        close()
    }

    private func connect(_ address: UnsafeRawPointer, _ length: Int) throws {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = Glibc.connect(
            descriptor, address.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        guard status == 0 else { throw failure("connect") }
    }

    /// Sends all of the text's UTF-8.
    public func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// Sends all bytes.
    public func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw failure("send") }
            sent += count
        }
    }

    /// The next response; nil when the server closes without one. Interim ones count. `hasBody` is
    /// false for the answer to HEAD.
    public func readResponse(hasBody: Bool = true) throws -> ClientResponse? {
        var end = endOfHead()
        while end == nil {
            guard try receive() else {
                guard received.isEmpty else { throw Failure(description: "head was cut") }
                return nil
            }
            end = endOfHead()
        }
        guard let end, var response = ClientResponse(head: received[..<end]) else {
            throw Failure(description: "not a response: \(received.prefix(80))")
        }
        received.removeFirst(end)
        let length = hasBody ? response["content-length"].flatMap { Int($0) } ?? 0 : 0
        while received.count < length {
            guard try receive() else { throw Failure(description: "body was cut") }
        }
        response.body = Array(received.prefix(length))
        received.removeFirst(length)
        return response
    }

    /// Everything up to the server's close.
    public func readToEnd() throws -> [UInt8] {
        while try receive() {}
        defer { received = [] }
        return received
    }

    /// Whether the server closes now without another byte; a reset counts as closing.
    public func isClosedByServer() -> Bool {
        guard received.isEmpty else { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, 0)
        return count == 0 || (count < 0 && errno == ECONNRESET)
    }

    /// Whether there is something to read now.
    public var hasInput: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Lets time pass, or less of it when the connection breaks: for a client that is to be
    /// slow, never to wait for a step of the server.
    public func pause(ms: Int32) {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        poll(&entry, 1, ms)
    }

    /// Sends each piece at once.
    public func disableNagle() {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }

    /// Ends the sending side only.
    public func shutdownWrite() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes with a reset instead of a FIN.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Closes both sides.
    public func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// False at the end of the stream.
    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw failure("recv") }
        received += buffer[..<count]
        return count > 0
    }

    private func endOfHead() -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard received.count >= mark.count else { return nil }
        return (0...(received.count - mark.count))
            .first { received[$0..<($0 + mark.count)].elementsEqual(mark) }
            .map { $0 + mark.count }
    }

    private func failure(_ call: String) -> Failure {
        Failure(description: "\(call): \(String(cString: strerror(errno)))")
    }
}

/// A response as it came.
public struct ClientResponse: Sendable {
    /// The status code.
    public let status: Int
    /// Name and value of each field, in order.
    public let fields: [(name: String, value: String)]
    /// The body.
    public var body: [UInt8] = []

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The first value of a field; the name is in lower case.
    public subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name }?.value
    }

    init?(head: ArraySlice<UInt8>) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        guard let words = lines.first?.split(separator: " "), words.count >= 2,
            words[0] == "HTTP/1.1", let status = Int(words[1])
        else { return nil }
        self.status = status
        fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1].dropFirst()) : "")
        }
    }
}
