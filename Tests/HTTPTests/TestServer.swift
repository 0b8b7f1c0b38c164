// A server on a free port, with a handler that reports what happens to it.

import HTTP
import HTTPTypes
import Synchronization
import TestSupport

/// What a `TestHandler` saw, in order.
enum HandlerEvent: Sendable {
    case admitted(HTTPServerRequest)
    case received(HTTPServerRequest)
    case finished(TestEnd)
}

/// The end of an exchange, beside what it was about.
struct TestEnd: Sendable {
    let request: HTTPServerRequest?
    /// In place of a request whose head was not understood.
    let partial: HTTPPartialHead?
    let report: HTTPReport
}

/// `/hold` waits for `answerHeld`, `/drop` forgets its responder, `/refuse` is refused by its head,
/// `/big` answers 16 MiB, `/health` is served when full, and the rest echo their bodies.
final class TestHandler: HTTPHandler {
    static let bodyBytesMax = 48 * 1024 * 1024
    static let bigBody = [UInt8](repeating: 7, count: 16 * 1024 * 1024)

    private let events: AsyncStream<HandlerEvent>
    private let report: AsyncStream<HandlerEvent>.Continuation
    private let held = Mutex<[HTTPResponder]>([])

    init() {
        (events, report) = AsyncStream.makeStream()
    }

    /// The next event that `select` accepts; others are passed over.
    func next<T>(_ select: (HandlerEvent) -> T?) async -> T? {
        for await event in events {
            if let value = select(event) { return value }
        }
        return nil
    }

    /// Waits for a request to be admitted.
    func nextAdmission() async -> HTTPServerRequest? {
        await next { if case .admitted(let request) = $0 { request } else { nil } }
    }

    /// Waits for a whole request.
    func nextRequest() async -> HTTPServerRequest? {
        await next { if case .received(let request) = $0 { request } else { nil } }
    }

    /// Waits for the end of an exchange.
    func nextEnd() async -> TestEnd? {
        await next { if case .finished(let end) = $0 { end } else { nil } }
    }

    func answerHeld() {
        let responders = held.withLock { held in
            defer { held = [] }
            return held
        }
        for responder in responders {
            responder.send(HTTPServerResponse(status: .ok, body: Array("held".utf8)))
        }
    }

    func admit(_ request: HTTPServerRequest) -> HTTPAdmission {
        report.yield(.admitted(request))
        return HTTPAdmission(
            exchange: TestExchange(request, handler: self),
            verdict: request.path == "/refuse"
                ? .refuse(HTTPServerResponse(status: .unauthorized))
                : .accept(
                    bodyBytesMax: number("max", of: request) ?? Self.bodyBytesMax,
                    deadline: number("within", of: request).map {
                        request.receivedAt + .milliseconds($0)
                    }),
            isServedWhenFull: request.path == "/health")
    }

    /// `?within=` so many milliseconds, `?max=` so many bytes.
    private func number(_ name: String, of request: HTTPServerRequest) -> Int? {
        request.head.path?.split(separator: "?\(name)=").dropFirst().first.flatMap { Int($0) }
    }

    func exchange(for head: HTTPPartialHead) -> any HTTPExchange {
        TestExchange(head, handler: self)
    }

    fileprivate func tell(_ event: HandlerEvent) { report.yield(event) }
    fileprivate func hold(_ responder: HTTPResponder) { held.withLock { $0.append(responder) } }
}

private final class TestExchange: HTTPExchange {
    private let handler: TestHandler
    private let request: HTTPServerRequest?
    private let partial: HTTPPartialHead?

    init(_ request: HTTPServerRequest, handler: TestHandler) {
        self.handler = handler
        self.request = request
        partial = nil
    }

    init(_ head: HTTPPartialHead, handler: TestHandler) {
        self.handler = handler
        request = nil
        partial = head
    }

    func receive(_ body: [UInt8], responder: HTTPResponder) {
        guard let request else { return }
        // Reported last: a test that has seen the request may answer what is held.
        defer { handler.tell(.received(request)) }
        switch request.path {
        case "/hold": handler.hold(responder)
        case "/drop": break
        case "/big": responder.send(HTTPServerResponse(status: .ok, body: TestHandler.bigBody))
        default: responder.send(HTTPServerResponse(status: .ok, body: body))
        }
    }

    func response(to failure: HTTPProtocolError) -> HTTPServerResponse {
        HTTPServerResponse(status: failure.status, body: Array(failure.description.utf8))
    }

    func finish(_ report: HTTPReport) {
        handler.tell(.finished(TestEnd(request: request, partial: partial, report: report)))
    }
}

/// Stops when the test lets go of it.
final class TestServer: Sendable {
    let handler = TestHandler()
    let server: HTTPServer
    let port: Int

    init(_ adjust: (inout HTTPServerLimits) -> Void = { _ in }) throws {
        var limits = HTTPServerLimits()
        // No clock runs out, however slow the machine is, but those that a test is about.
        limits.headerTimeoutMs = 600_000
        limits.bodyIdleTimeoutMs = 600_000
        limits.paceGraceMs = 600_000
        limits.keepaliveTimeoutMs = 600_000
        limits.writeTimeoutMs = 600_000
        adjust(&limits)
        server = try HTTPServer(
            addresses: [.tcp(host: "127.0.0.1", port: 0)], limits: limits, handler: handler)
        guard case .tcp(_, let port) = server.boundAddresses[0] else {
            throw SocketError.invalidAddress("not TCP")
        }
        self.port = port
        server.start()
    }

    deinit {
        server.shutdown(graceMs: 0) {}
    }

    /// Asks the server for one thing after the other until no connection is left but the one that
    /// asks.
    func waitUntilOnly(_ client: SocketClient) throws {
        let end = ContinuousClock.now + .seconds(10)
        repeat {
            try client.send(get("/"))
            guard try client.readResponse()?.status == 200, .now < end else {
                throw SocketError.invalidAddress("\(server.openConnections) connections are left")
            }
        } while server.openConnections != 1
    }

    func connect(receiveBuffer: Int32? = nil) throws -> SocketClient {
        try SocketClient(port: port, receiveBuffer: receiveBuffer)
    }
}

extension HTTPServer {
    /// Returns when the shutdown is complete.
    func shutdown(graceMs: Int) async {
        await withCheckedContinuation { done in
            shutdown(graceMs: graceMs) { done.resume() }
        }
    }
}
