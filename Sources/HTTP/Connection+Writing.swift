// From a response to the wire, and what follows it.

import HTTPTypes

extension Connection {
    /// The handler's answer, or nil when it let go of the responder.
    func respond(_ response: HTTPServerResponse?) {
        guard case .handling = state else { return }
        guard let response else {
            abort()
            return
        }
        send(response, then: .nextRequest)
        readNext()
    }

    /// A refusal by the head alone. The framing is sound, so the connection is kept when the body is
    /// small enough to be read past; a client that waits for 100 Continue might not send it at all.
    func refuse(_ response: HTTPServerResponse, _ head: RequestHead) {
        guard head.framing != .none else {
            send(response, then: .nextRequest)
            return
        }
        let bytesMax = limits.discardedBodyBytesMax
        guard head.expectation == .none, head.framing.declaredBytes ?? 0 <= bytesMax else {
            send(response, then: .close)
            return
        }
        parser.beginBody(bytesMax: bytesMax, keepsBytes: false)
        send(response, then: .discardBody)
    }

    /// A fault while reading: one answer, unless one is sent already, and the end.
    func fail(_ error: HTTPProtocolError) {
        if case .discarding = state {
            linger()
            return
        }
        guard var request else { return }
        let exchange =
            request.exchange
            ?? core.handler.exchange(for: partialHead(parser.method, parser.fields, request))
        request.exchange = exchange
        if error == .requestTimeout { request.outcome = .timedOut }
        // A HEAD request gets no body, even when the rest of it is not understood.
        if let method = parser.method { request.method = method }
        self.request = request
        send(exchange.response(to: error), then: .close)
    }

    private func send(_ response: HTTPServerResponse, then next: AfterResponse) {
        guard let request else { return }
        let closes =
            next.isClose || response.closesConnection || !request.keepsAlive || core.isDraining
        let head = ResponseEncoder.head(
            of: response, minorVersion: request.minorVersion, keepsAlive: !closes,
            date: core.dateNow())
        let sendsBody = ResponseEncoder.sendsBody(of: response, method: request.method)
        output.append(head: head, body: sendsBody ? response.body : [])
        self.request?.status = response.status
        state = .sending(then: closes ? .close : next)
        pace = Pace(start: .now)
        flush()
    }

    /// RFC 9110 §10.1.1.
    func sendContinue() {
        output.append(head: ResponseEncoder.continueResponse)
        flush()
    }

    private func flush() {
        guard !output.isEmpty else { return }
        switch output.send(to: socket) {
        case .bytes(let count):
            request?.bytesOut += count
            pace.advance(by: count, at: .now)
            if output.isEmpty { outputSent() } else { waitForRoom() }
        case .wouldBlock: waitForRoom()
        case .failed: abort()
        }
    }

    private func waitForRoom() {
        if case .sending = state {
            deadline = pace.deadline(idleMs: limits.writeTimeoutMs, limits: limits)
        }
        guard writeSource == nil else { return }
        writeSource = core.loop.writeSource(socket.rawDescriptor, keeping: self) { [self] in
            flush()
            readNext()
        }
    }

    private func outputSent() {
        writeSource?.cancel()
        writeSource = nil
        guard case .sending(let next) = state else { return }
        finishExchange(request?.outcome ?? .sent)
        switch next {
        case .nextRequest: becomeIdle()
        case .discardBody:
            state = .discarding
            deadline = .now + .milliseconds(limits.bodyIdleTimeoutMs)
        case .close: linger()
        }
    }
}

extension Connection.AfterResponse {
    fileprivate var isClose: Bool {
        if case .close = self { true } else { false }
    }
}

// MARK: - The end of a connection

extension Connection {
    /// Closes in stages (RFC 9112 §9.6): a client that is still sending would otherwise get a reset,
    /// which destroys the response before it is read.
    func linger() {
        let now = ContinuousClock.now
        socket.shutdownWrite()
        state = .lingering(since: now)
        parser.reset()
        unread = []
        unreadStart = 0
        deadline = now + .milliseconds(limits.lingerIdleTimeoutMs)
        readSource?.resume()
    }

    func dropInput(since start: ContinuousClock.Instant) {
        switch core.readBuffer.receive(from: socket, upTo: ReadBuffer.capacity) {
        case .bytes:
            deadline = min(
                .now + .milliseconds(limits.lingerIdleTimeoutMs),
                start + .milliseconds(limits.lingerTimeoutMs))
        case .wouldBlock: break
        case .end, .failed: close()
        }
    }

    /// Looks whether the client still waits for its response.
    ///
    /// While the read source is active it reports a reset by itself. It cannot stay active once the
    /// client has ended its sending side or pipelined more, so from then on this is called every
    /// `peerCheckMs`. A Unix socket tells a close from a half-close. Over TCP they look the same
    /// until something is sent; an interim response, which HTTP/1.1 clients must expect and may
    /// discard (RFC 9110 §15.2), is just that: a closed client answers it with a reset. HTTP/1.0
    /// knows no interim responses, so such a client counts as waiting.
    func checkPeer(mayAsk: Bool) {
        switch socket.peerState() {
        case .gone: abort()
        case .halfClosed where mayAsk && canAskPeer:
            request?.isPeerAsked = true
            sendContinue()
            lookAgain(afterMs: min(limits.peerCheckMs, Self.resetDelayMs))
        case .halfClosed, .connected: lookAgain(afterMs: limits.peerCheckMs)
        }
    }

    /// The reset of a client nearby is here by then; that of one far away is seen a period later.
    private static let resetDelayMs = 20

    private func lookAgain(afterMs delayMs: Int) {
        if case .handling = state { deadline = .now + .milliseconds(delayMs) }
    }

    private var canAskPeer: Bool {
        guard let request else { return false }
        return request.minorVersion >= 1 && !request.isPeerAsked && client != .unix
    }
}
