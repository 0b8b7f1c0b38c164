// From readable bytes to a request in the exchange's hands.

import HTTPTypes

extension Connection {
    /// Bytes to ask for while a head is read: a pipelining client cannot make us keep more.
    private static let headReadBytes = 16 * 1024
    /// The same for a chunked body, whose end is not known beforehand.
    private static let chunkedReadBytes = 64 * 1024
    /// Full buffers taken in one turn, so that a fast upload leaves others theirs.
    static let readsPerTurn = 4

    func readable() {
        switch state {
        case .idle, .readingHead, .readingBody, .discarding: receive()
        case .handling:
            readSource?.pause()
            input.hasUnseenEvent = true
            checkPeer(mayAsk: false)
        // Whatever it is, a broken connection shows when the next piece is written.
        case .sending:
            readSource?.pause()
            input.hasUnseenEvent = true
        case .lingering(let lingering): dropInput(lingering)
        case .closed: break
        }
    }

    /// Reads until there is nothing more, the end or an error: a reset that comes with data is one
    /// event, and Dispatch has none left for what a short read leaves behind it.
    private func receive() {
        for _ in 0..<Self.readsPerTurn {
            guard let limit = readLimit() else { return }
            switch core.readBuffer.receive(from: socket, upTo: limit) {
            case .bytes(let count):
                received(count)
                guard state.isParsing else { return }
            case .wouldBlock: return
            // Nothing can be answered to half a request.
            case .end, .failed:
                abort()
                return
            }
        }
        takeAnotherTurn()
    }

    /// Goes on behind whatever else is ready.
    func takeAnotherTurn() {
        guard !input.hasTurn else { return }
        input.hasTurn = true
        let connection = LoopBound(self, to: core.loop)
        core.loop.run {
            connection.value.input.hasTurn = false
            connection.value.readable()
        }
    }

    /// How much to read at once; nil when the body has to wait for others to make room.
    private func readLimit() -> Int? {
        guard let body = input.body else { return Self.headReadBytes }
        let wanted = min(
            body.bytesCertain > 0 ? body.bytesCertain : Self.chunkedReadBytes, ReadBuffer.capacity)
        guard case .readingBody = state else { return wanted }
        let room = roomToRead(for: wanted)
        if room == 0 { waitForRoomToRead() }
        return room == 0 ? nil : room
    }

    private func received(_ count: Int) {
        let bytes = core.readBuffer.bytes
        let consumed = consume(bytes.span.extracting(..<count))
        if consumed < count, state.comesBackToParsing {
            input.unread = Array(bytes[consumed..<count])
        }
    }

    /// Goes on with bytes that came early, then with the socket.
    func readNext() {
        guard state.isParsing else { return }
        if input.unreadStart < input.unread.count {
            let bytes = input.unread
            input.unreadStart += consume(bytes.span.extracting(input.unreadStart...))
        }
        if input.unreadStart == input.unread.count {
            input.unread = []
            input.unreadStart = 0
        }
        guard state.isParsing else { return }
        readSource?.resume()
        if input.hasUnseenEvent {
            input.hasUnseenEvent = false
            takeAnotherTurn()
        }
    }

    /// Feeds the parsers until a request is complete or the bytes are used up.
    private func consume(_ bytes: Span<UInt8>) -> Int {
        let now = ContinuousClock.now
        var offset = 0
        while offset < bytes.count, state.isParsing {
            let rest = bytes.extracting(offset...)
            offset += input.body == nil ? parseHead(rest, now) : parseBody(rest, now)
        }
        return offset
    }

    private func parseHead(_ bytes: Span<UInt8>, _ now: ContinuousClock.Instant) -> Int {
        let (count, event) = input.parser.parse(bytes)
        if case .idle = state, event != nil || input.parser.hasStarted {
            beginExchange(at: now)
        }
        request?.bytesIn += count
        switch event {
        case .head(let head): didReadHead(head)
        case .failure(let error): fail(error)
        case nil: break
        }
        return count
    }

    private func parseBody(_ bytes: Span<UInt8>, _ now: ContinuousClock.Instant) -> Int {
        guard let (count, event) = input.body?.parse(bytes) else { return 0 }
        request?.bytesIn += count
        input.pace.advance(by: count, at: now)
        switch event {
        case .body(let body): didReadBody(body)
        case .failure(let error): fail(error)
        case nil:
            bodyAdvances()
            renewBodyDeadline()
        }
        return count
    }

    private func beginExchange(at now: ContinuousClock.Instant) {
        state = .readingHead
        request = CurrentRequest(receivedAt: now)
        deadline = now + .milliseconds(headerTimeoutMs)
    }

    func renewBodyDeadline() {
        switch state {
        case .readingBody, .discarding:
            let paced = input.pace.deadline(idleMs: limits.bodyIdleTimeoutMs, limits: limits)
            deadline = request?.deadline.map { min($0, paced) } ?? paced
        default: break
        }
    }

    func didReadBody(_ body: [UInt8]) {
        input.body = nil
        if case .discarding = state {
            becomeIdle()
        } else {
            handle(body)
        }
    }

    func handle(_ body: consuming [UInt8]) {
        bodyEnds()
        deadline = nil
        state = .handling
        // A reset that came with the request had its event.
        if socket.peerState() == .gone {
            abort()
            return
        }
        // It reports a later reset; what was pipelined earlier may have paused it.
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
}

/// A connection that may be gone by the time its response is ready.
private final class WeakConnection {
    weak var connection: Connection?

    init(_ connection: Connection) {
        self.connection = connection
    }
}
