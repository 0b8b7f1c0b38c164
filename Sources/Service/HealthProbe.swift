import Glibc
import HTTP

/// A client that asks one question: does the service say that it is ready?
public enum HealthProbe {
    /// Whether `GET /readyz` is answered 200 within the time.
    ///
    /// - Parameter address: an address to listen on counts too: 0.0.0.0 and :: mean this machine.
    public static func isReady(
        _ address: ListenAddress, path: String = "/readyz", timeoutMs: Int = 3000
    ) -> Bool {
        guard let descriptor = connect(address, timeoutMs) else { return false }
        defer { close(descriptor) }
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return false
        }
        var answer = [UInt8](repeating: 0, count: 12)
        var count = 0
        while count < answer.count {
            let received = answer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count, 0)
            }
            guard received > 0 else { return false }
            count += received
        }
        // "HTTP/1.1 200", RFC 9112 §4.
        return answer.starts(with: Array("HTTP/1.".utf8)) && answer[9...] == Array("200".utf8)[...]
    }

    private static func connect(_ address: ListenAddress, _ timeoutMs: Int) -> Int32? {
        switch address {
        case .unix(let path): connectUnix(path, timeoutMs)
        case .tcp(let host, let port): connectTCP(host, port, timeoutMs)
        }
    }

    private static func connectUnix(_ path: String, _ timeoutMs: Int) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                open(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size), timeoutMs)
            }
        }
    }

    private static func connectTCP(_ host: String, _ port: Int, _ timeoutMs: Int) -> Int32? {
        let host = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var next = list
        while let info = next?.pointee {
            if let address = info.ai_addr,
                let descriptor = open(info.ai_family, address, info.ai_addrlen, timeoutMs)
            {
                return descriptor
            }
            next = info.ai_next
        }
        return nil
    }

    private static func open(
        _ family: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t, _ timeoutMs: Int
    ) -> Int32? {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // SO_SNDTIMEO bounds connect as well (socket(7)).
        var time = timeval(tv_sec: timeoutMs / 1000, tv_usec: timeoutMs % 1000 * 1000)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Glibc.connect(descriptor, address, length) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
