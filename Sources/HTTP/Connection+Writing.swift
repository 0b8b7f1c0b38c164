// From a response to the wire, and what follows it.

import HTTPTypes

extension Connection {
    /// The exchange's answer, or nil when it let go of the responder.
    func respond(_ response: HTTPServerResponse?) {
        guard case .handling = state else { return }
        guard let response else {
            abort()
            return
        }
        send(response, then: .nextRequest)
        readNext()
    }

    /// A fault that leaves nothing to read: one answer, unless one is sent already, and the end.
    func fail(_ error: HTTPProtocolError) {
        if case .discarding = state {
            linger()
            return
        }
        guard var request else { return }
        bodyEnds()
        let exchange =
            request.exchange
            ?? core.handler.exchange(
                for: partialHead(input.parser.method, input.parser.fields, request))
        request.exchange = exchange
        if error == .requestTimeout { request.outcome = .timedOut }
        // A HEAD request gets no body, even when the rest of it is not understood.
        if let method = input.parser.method { request.method = method }
        self.request = request
        send(exchange.response(to: error), then: .close)
    }

    func send(_ response: HTTPServerResponse, then next: AfterResponse) {
        guard let request else { return }
        let closes =
            next.isClose || response.closesConnection || !request.keepsAlive || core.isDraining
        let head = ResponseEncoder.head(
            of: response, minorVersion: request.minorVersion, keepsAlive: !closes,
            date: core.dateNow())
        let sendsBody = ResponseEncoder.sendsBody(of: response, method: request.method)
        output.append(head: head, body: sendsBody ? response.body : [])
        self.request?.status = response.status
        // An answer that comes after the deadline says so, and has to be sent all the same.
        if let deadline = request.deadline, deadline <= .now { self.request?.deadline = nil }
        state = .sending(then: closes ? .close : next)
        input.pace = Pace(start: .now)
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
            input.pace.advance(by: count, at: .now)
            if output.isEmpty { outputSent() } else { waitForRoomToWrite() }
        case .wouldBlock: waitForRoomToWrite()
        case .failed: abort()
        }
    }

    private func waitForRoomToWrite() {
        if case .sending = state {
            let paced = input.pace.deadline(idleMs: limits.writeTimeoutMs, limits: limits)
            deadline = request?.deadline.map { min($0, paced) } ?? paced
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
        case .discardBody(let body):
            state = .discarding
            input.body = body
            input.pace = Pace(start: .now)
            renewBodyDeadline()
        case .close: linger()
        }
    }
}

extension Connection.AfterResponse {
    fileprivate var isClose: Bool {
        if case .close = self { true } else { false }
    }
}
