// The bookkeeping of one request and its response.

import HTTPTypes

/// What a connection knows about the request it is busy with.
struct Exchange {
    let receivedAt: ContinuousClock.Instant
    var request: HTTPServerRequest?
    var method: HTTPRequest.Method?
    var framing = BodyFraming.none
    var minorVersion = 1
    var keepsAlive = false
    /// Whether a half-closed client was sent something to see if it is there.
    var isPeerAsked = false
    var bytesIn = 0
    var bytesOut = 0
    var status: HTTPResponse.Status?
    var outcome = HTTPExchange.Outcome.sent

    init(receivedAt: ContinuousClock.Instant) {
        self.receivedAt = receivedAt
    }

    func finished(at now: ContinuousClock.Instant, outcome: HTTPExchange.Outcome) -> HTTPExchange {
        HTTPExchange(
            request: request, status: status, bytesIn: bytesIn, bytesOut: bytesOut,
            duration: now - receivedAt, outcome: outcome)
    }
}
