// The end of a connection, and how it is noticed.

import HTTPTypes

extension Connection {
    /// What a client has sent since its last response was.
    struct Lingering {
        let since: ContinuousClock.Instant
        var bytes = 0
    }

    /// Closes in stages (RFC 9112 §9.6): a client that is still sending would otherwise get a reset,
    /// which destroys the response before it is read.
    func linger() {
        let lingering = Lingering(since: .now)
        socket.shutdownWrite()
        state = .lingering(lingering)
        input.drop(limits: limits)
        deadline = lingering.since + .milliseconds(lingerIdleTimeoutMs)
        readSource?.resume()
        core.canMakeRoom()
        takeAnotherTurn()
    }

    /// Reads on for as long as the client makes progress, within a time and a number of bytes.
    func dropInput(_ lingering: Lingering) {
        var lingering = lingering
        for _ in 0..<Self.readsPerTurn {
            switch core.readBuffer.receive(from: socket, upTo: ReadBuffer.capacity) {
            case .bytes(let count): lingering.bytes += count
            case .wouldBlock:
                state = .lingering(lingering)
                return
            case .end, .failed:
                close()
                return
            }
            guard lingering.bytes < limits.lingerBytesMax else {
                close()
                return
            }
            deadline = min(
                .now + .milliseconds(lingerIdleTimeoutMs),
                lingering.since + .milliseconds(limits.lingerTimeoutMs))
        }
        state = .lingering(lingering)
        takeAnotherTurn()
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
