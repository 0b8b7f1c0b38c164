// A whole service: options, losses of a request's own, bodies of every kind. The first line of the
// input is method and target, the second the Content-Type, the rest the body. Whatever is asked, the
// answer is a whole one, and the fault is never the service's.

import Glibc
import HTTP
import Service
import TestSupport

private let service: LossService = {
    let flags = [
        "--listen=127.0.0.1:0", "--log-level=critical", "--max-image-pixels=4096",
        "--max-body-bytes=65536", "--max-answer-bytes=4194304", "--request-timeout-ms=5000",
    ]
    do {
        let service = try LossService(configuration: Configuration(flags: flags), sink: LogSink())
        try service.load()
        // libFuzzer's clock shall not interrupt the client; it may any other thread.
        var alarm = sigset_t()
        sigemptyset(&alarm)
        sigaddset(&alarm, SIGALRM)
        pthread_sigmask(SIG_BLOCK, &alarm, nil)
        return service
    } catch {
        preconditionFailure("\(error)")
    }
}()

func test(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count == 3, case .tcp(_, let port) = service.boundAddresses[0] else { return }
    let fields = "\r\nContent-Length: \(lines[2].count)\r\nConnection: close\r\n\r\n"
    let request =
        lines[0] + Array(" HTTP/1.1\r\nHost: localhost\r\nContent-Type: ".utf8) + lines[1]
        + Array(fields.utf8) + lines[2]
    do {
        let client = try SocketClient(port: port)
        try client.send(Array(request))
        let response = try client.readResponse(hasBody: !lines[0].starts(with: Array("HEAD".utf8)))
        guard let response else { return fail("closed without an answer") }
        // Busy and late are no faults.
        if response.status >= 500, ![503, 504].contains(response.status) { fail(response.text) }
    } catch {
        fail("\(error)")
    }
}

/// Says what it was, which an optimised `precondition` does not, and traps.
private func fail(_ why: String) {
    fputs(why + "\n", stderr)
    preconditionFailure(why)
}
