// Every system call on a connected socket.

import Glibc

/// A non-blocking stream socket; closed when it goes.
struct Socket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// For a Dispatch source, which must be cancelled before this socket goes.
    var rawDescriptor: Int32 { descriptor.raw }

    /// Takes over a descriptor and makes it non-blocking and close-on-exec.
    ///
    /// Two steps, since accept4 is not visible to Swift; this process does not fork in between.
    init(_ descriptor: consuming FileDescriptor) {
        _ = fcntl(descriptor.raw, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor.raw, F_SETFL, fcntl(descriptor.raw, F_GETFL) | O_NONBLOCK)
        self.descriptor = descriptor
    }

    enum ReceiveResult {
        case bytes(Int)
        case wouldBlock
        /// The peer closed its sending side.
        case end
        /// The connection is broken.
        case failed
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> ReceiveResult {
        while true {
            let count = unsafe recv(descriptor.raw, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed
            }
        }
    }

    enum SendResult {
        case bytes(Int)
        case wouldBlock
        case failed
    }

    /// Sends two spans with one call, so that a head and its body share their segments. A peer that
    /// has gone is an error, never SIGPIPE.
    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        unsafe first.withUnsafeBytes { first in
            unsafe second.withUnsafeBytes { second in
                // sendmsg reads through these pointers only.
                var vectors = unsafe (
                    iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress),
                        iov_len: first.count),
                    iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress),
                        iov_len: second.count)
                )
                return unsafe withUnsafeMutableBytes(of: &vectors) { vectors in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = vectors.assumingMemoryBound(to: iovec.self).baseAddress
                    unsafe message.msg_iovlen = 2
                    return unsafe send(message)
                }
            }
        }
    }

    private func send(_ message: msghdr) -> SendResult {
        var message = unsafe message
        while true {
            let count = unsafe sendmsg(descriptor.raw, &message, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed
            }
        }
    }

    enum PeerState {
        case connected
        /// The peer sends no more. A TCP peer may have closed altogether: that looks the same until
        /// something is sent to it. Bytes that it sent before may still be waiting.
        case halfClosed
        case gone
    }

    /// Looks at the peer without reading what it sent.
    func peerState() -> PeerState {
        // POLLRDHUP, which Glibc's module map hides behind _GNU_SOURCE.
        let readHangUp: Int16 = 0x2000
        var entry = pollfd(fd: descriptor.raw, events: readHangUp, revents: 0)
        guard unsafe poll(&entry, 1, 0) > 0 else { return .connected }
        let goneEvents = Int16(POLLERR | POLLHUP | POLLNVAL)
        if entry.revents & goneEvents != 0 { return .gone }
        return entry.revents & readHangUp != 0 ? .halfClosed : .connected
    }

    /// Ends the sending side: the peer reads what was sent, then the end.
    func shutdownWrite() {
        _ = shutdown(descriptor.raw, Int32(SHUT_WR))
    }

    /// Sends segments at once: with Nagle's algorithm and delayed acknowledgements a response in two
    /// writes costs 40 ms.
    func disableNagle() {
        setOption(IPPROTO_TCP, TCP_NODELAY)
    }

    func setOption(_ level: Int, _ name: Int32) {
        var on: Int32 = 1
        _ = unsafe setsockopt(
            descriptor.raw, Int32(level), name, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
