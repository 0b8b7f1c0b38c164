// A server on a free port, with a handler that reports what happens to it.

import HTTP
import HTTPTypes
import Synchronization
import TestSupport

/// What a `TestHandler` saw, in order.
enum HandlerEvent: Sendable {
    case admitted(declaredBodyBytes: Int?)
    case handled(HTTPServerRequest)
    case abandoned
    case clientGone
    case finished(HTTPExchange)
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

    /// Waits for the handler to be given a request.
    func nextRequest() async -> HTTPServerRequest? {
        await next { if case .handled(let request) = $0 { request } else { nil } }
    }

    func nextExchange() async -> HTTPExchange? {
        await next { if case .finished(let exchange) = $0 { exchange } else { nil } }
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

    func admit(_ request: HTTPServerRequest, declaredBodyBytes: Int?) -> HTTPAdmission {
        report.yield(.admitted(declaredBodyBytes: declaredBodyBytes))
        if request.path == "/refuse" { return .refuse(HTTPServerResponse(status: .unauthorized)) }
        return .accept(bodyBytesMax: Self.bodyBytesMax)
    }

    func handle(_ request: consuming HTTPServerRequest, responder: HTTPResponder) {
        let request = request
        // Reported last: a test that has seen the request may answer what is held.
        defer { report.yield(.handled(request)) }
        switch request.path {
        case "/hold":
            responder.onClientGone { [report] in report.yield(.clientGone) }
            held.withLock { $0.append(responder) }
        case "/drop": break
        case "/big": responder.send(HTTPServerResponse(status: .ok, body: Self.bigBody))
        default: responder.send(HTTPServerResponse(status: .ok, body: request.body))
        }
    }

    func abandon(_ request: HTTPServerRequest, declaredBodyBytes: Int?) {
        report.yield(.abandoned)
    }

    func response(
        to failure: HTTPProtocolError, request: HTTPServerRequest?
    ) -> HTTPServerResponse {
        HTTPServerResponse(status: failure.status, body: Array(failure.description.utf8))
    }

    func didFinish(_ exchange: HTTPExchange) {
        report.yield(.finished(exchange))
    }

    func servesWhenFull(_ request: HTTPServerRequest) -> Bool {
        request.path == "/health"
    }
}

/// Stops when the test lets go of it.
final class TestServer: Sendable {
    let handler = TestHandler()
    let server: HTTPServer
    let port: Int

    init(_ adjust: (inout HTTPServerLimits) -> Void = { _ in }) throws {
        var limits = HTTPServerLimits()
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
