// The client of probes, against a server and against sockets that misbehave.

import Dispatch
import Glibc
import HTTP
import TestSupport
import Testing

@Suite struct HTTPClientTests {
    /// A listener on a free port that answers its first client with the bytes given and hangs up.
    private func answering(_ bytes: String) throws -> ListenAddress {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(listener, $0, length) == 0)
                #expect(listen(listener, 1) == 0)
                #expect(getsockname(listener, $0, &length) == 0)
            }
        }
        let text = Array(bytes.utf8)
        DispatchQueue(label: "answer").async {
            let client = accept(listener, nil, nil)
            var request = [UInt8](repeating: 0, count: 4096)
            _ = recv(client, &request, request.count, 0)
            _ = send(client, text, text.count, Int32(MSG_NOSIGNAL))
            close(client)
            close(listener)
        }
        return .tcp(host: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))
    }

    private let request = Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
        ("HTTP/1.1 503 Busy\r\nX: y\r\ncontent-length:  0 \r\n\r\n", 503, ""),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404\r\nContent-Length: 1\r\n\r\n.rest", 404, "."),
    ])
    func `reads an answer`(answer: String, status: Int, body: String) throws {
        var client = try HTTPClient(try answering(answer), timeoutMs: 5000)
        let response = try client.exchange(request)
        #expect(response.status == status)
        #expect(String(decoding: response.body, as: UTF8.self) == body)
    }

    @Test(arguments: [
        ("", HTTPClient.Failure.cut), ("HTTP/1.1 200 OK\r\nContent-Le", .cut),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", .cut),
        ("HTTP/1.1 200 OK\r\n\r\n", .notUnderstood),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .notUnderstood),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", .notUnderstood),
    ])
    func `fails on what is none`(answer: String, failure: HTTPClient.Failure) throws {
        var client = try HTTPClient(try answering(answer), timeoutMs: 5000)
        do {
            _ = try client.exchange(request)
            Issue.record("there is no answer in \(answer)")
        } catch {
            #expect(error == failure)
        }
    }

    @Test(arguments: [
        ListenAddress.unix(path: "/nowhere.sock"), .tcp(host: "127.0.0.1", port: 1),
    ])
    func `says that nobody is there`(address: ListenAddress) {
        do {
            _ = try HTTPClient(address, timeoutMs: 1000)
            Issue.record("somebody listens on \(address)")
        } catch {
            #expect(error == .unreachable)
        }
    }
}
