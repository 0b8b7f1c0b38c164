import Foundation
import Synchronization

/// Just enough of a client to wait for answers of 200 on one connection.
final class HTTPClient {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Connects to the loopback interface; nil when nobody listens.
    init?(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Sends a request and reads its answer; false unless it is a 200.
    func exchange(_ request: [UInt8]) -> Bool {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes {
                send(
                    descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        var answer = ""
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return false }
            answer += String(decoding: buffer[..<count], as: UTF8.self)
            guard let head = answer.range(of: "\r\n\r\n") else { continue }
            let fields = answer[..<head.lowerBound].lowercased()
            guard let length = fields.range(of: "content-length: ") else { return false }
            let bodyBytes = Int(fields[length.upperBound...].prefix { $0.isNumber }) ?? 0
            if answer[head.upperBound...].utf8.count >= bodyBytes {
                return answer.hasPrefix("HTTP/1.1 200")
            }
        }
    }
}

/// Milliseconds gathered by several threads.
final class Latencies: Sendable {
    private let values = Mutex<[Double]>([])
    var all: [Double] { values.withLock { $0 } }
    func add(_ milliseconds: Double) { values.withLock { $0.append(milliseconds) } }
}
