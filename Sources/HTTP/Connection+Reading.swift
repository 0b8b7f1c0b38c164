// From readable bytes to a request in the handler's hands.

import HTTPTypes

extension Connection {
    /// Bytes to ask for while a head is read: a pipelining client cannot make us keep more.
    private static let headReadBytes = 16 * 1024
    /// The same for a chunked body, whose end is not known beforehand.
    private static let chunkedReadBytes = 64 * 1024
    /// Full buffers taken by one event, so that a fast upload leaves others their turn.
    private static let readsPerEvent = 4

    func readable() {
        switch state {
        case .idle, .readingHead, .readingBody, .discarding: receive()
        case .handling:
            readSource?.pause()
            checkPeer(mayAsk: false)
        // Whatever it is, a broken connection shows when the next piece is written.
        case .sending: readSource?.pause()
        case .lingering(let since): dropInput(since: since)
        case .closed: break
        }
    }

    private func receive() {
        for _ in 0..<Self.readsPerEvent {
            let limit = readLimit
            switch core.readBuffer.receive(from: socket, upTo: limit) {
            case .bytes(let count):
                received(count)
                guard count == limit, state.isParsing else { return }
            case .wouldBlock: return
            // Nothing can be answered to half a request.
            case .end, .failed:
                abort()
                return
            }
        }
    }

    private var readLimit: Int {
        switch state {
        case .readingBody, .discarding:
            let remaining = parser.bodyBytesRemaining
            return remaining > 0 ? min(remaining, ReadBuffer.capacity) : Self.chunkedReadBytes
        default: return Self.headReadBytes
        }
    }

    private func received(_ count: Int) {
        let bytes = core.readBuffer.bytes
        let consumed = consume(bytes.span.extracting(..<count))
        if consumed < count, state.comesBackToParsing { unread = Array(bytes[consumed..<count]) }
    }

    /// Goes on with bytes that came early, then with the socket.
    func readNext() {
        guard state.isParsing else { return }
        if unreadStart < unread.count {
            let bytes = unread
            unreadStart += consume(bytes.span.extracting(unreadStart...))
        }
        if unreadStart == unread.count {
            unread = []
            unreadStart = 0
        }
        if state.isParsing { readSource?.resume() }
    }

    /// Feeds the parser until a request is complete or the bytes are used up.
    private func consume(_ bytes: Span<UInt8>) -> Int {
        let now = ContinuousClock.now
        var offset = 0
        while offset < bytes.count, state.isParsing {
            let (count, event) = parser.parse(bytes.extracting(offset...))
            offset += count
            if case .idle = state, parser.hasStarted { beginExchange(at: now) }
            request?.bytesIn += count
            pace.advance(by: count, at: now)
            switch event {
            case .head(let head): didReadHead(head)
            case .body(let body): didReadBody(body)
            case .failure(let error): fail(error)
            case nil: renewBodyDeadline()
            }
        }
        return offset
    }

    private func beginExchange(at now: ContinuousClock.Instant) {
        state = .readingHead
        request = CurrentRequest(receivedAt: now)
        deadline = now + .milliseconds(headerTimeoutMs)
    }

    private func renewBodyDeadline() {
        switch state {
        case .readingBody, .discarding:
            let paced = pace.deadline(idleMs: limits.bodyIdleTimeoutMs, limits: limits)
            deadline = request?.deadline.map { min($0, paced) } ?? paced
        default: break
        }
    }
}

// MARK: - Events

extension Connection {
    private func didReadHead(_ head: RequestHead) {
        guard var request else { return }
        request.method = head.method
        request.minorVersion = head.minorVersion
        request.keepsAlive = head.keepsAlive && !isReserved
        switch head.target {
        case .failure(let error):
            let exchange = core.handler.exchange(
                for: partialHead(head.method, head.fields, request))
            request.exchange = exchange
            self.request = request
            refuse(exchange.response(to: error), head)
        case .success(let target):
            let admission = core.handler.admit(
                HTTPServerRequest(
                    head, target: target, receivedAt: request.receivedAt, client: client))
            request.exchange = admission.exchange
            self.request = request
            act(on: admission, head)
        }
    }

    /// What there is to say of a request whose head has a fault.
    func partialHead(
        _ method: HTTPRequest.Method?, _ fields: HTTPFields, _ request: CurrentRequest
    ) -> HTTPPartialHead {
        HTTPPartialHead(
            method: method, fields: fields, receivedAt: request.receivedAt, client: client)
    }

    private func act(on admission: HTTPAdmission, _ head: RequestHead) {
        if isReserved && !admission.isServedWhenFull {
            core.counters.countRejection()
            let error = HTTPProtocolError.tooManyConnections(limit: limits.connectionsMax)
            refuse(admission.exchange.response(to: error), head)
            return
        }
        switch admission.verdict {
        case .refuse(let response): refuse(response, head)
        case .accept where head.expectation == .unknown:
            refuse(admission.exchange.response(to: .expectationFailed), head)
        case .accept(let bodyBytesMax, let deadline):
            request?.deadline = deadline
            accept(head, bodyBytesMax: bodyBytesMax)
        }
    }

    private func accept(_ head: RequestHead, bodyBytesMax: Int) {
        guard head.framing != .none else {
            handle([])
            return
        }
        state = .readingBody
        if let length = head.framing.declaredBytes, length > bodyBytesMax {
            fail(.bodyTooLarge(limit: bodyBytesMax, actual: length))
            return
        }
        parser.beginBody(bytesMax: bodyBytesMax)
        pace = Pace(start: .now)
        renewBodyDeadline()
        if head.expectation == .continueResponse { sendContinue() }
    }

    private func didReadBody(_ body: [UInt8]) {
        if case .discarding = state {
            becomeIdle()
            return
        }
        handle(body)
    }

    private func handle(_ body: consuming [UInt8]) {
        parser.reset()
        deadline = nil
        state = .handling
        // It reports a reset; what was pipelined earlier may have paused it.
        readSource?.resume()
        request?.exchange?.receive(body, responder: makeResponder())
    }

    /// The responder reaches the connection through the loop, and does not keep it alive: a
    /// descriptor is given back when its client leaves, not when the work for it ends.
    private func makeResponder() -> HTTPResponder {
        let loop = core.loop
        let connection = LoopBound(WeakConnection(self), to: loop)
        return HTTPResponder { response in
            loop.run { connection.value.connection?.respond(response) }
        }
    }

    /// Between two requests, unless this response was begun before the server began to leave.
    func becomeIdle() {
        guard !core.isDraining else {
            linger()
            return
        }
        parser.reset()
        state = .idle
        deadline = .now + .milliseconds(limits.keepaliveTimeoutMs)
    }
}

/// A connection that may be gone by the time its response is ready.
private final class WeakConnection {
    weak var connection: Connection?

    init(_ connection: Connection) {
        self.connection = connection
    }
}
