// The bookkeeping of one request and its response.

import HTTPTypes

/// What a connection knows about the request it is busy with.
struct CurrentRequest {
    let receivedAt: ContinuousClock.Instant
    /// What the handler made of it, once its head was read or refused.
    var exchange: (any HTTPExchange)?
    var method: HTTPRequest.Method?
    var minorVersion = 1
    var keepsAlive = false
    /// When the whole body has to be here.
    var deadline: ContinuousClock.Instant?
    /// Whether a half-closed client was sent something to see if it is there.
    var isPeerAsked = false
    var bytesIn = 0
    var bytesOut = 0
    var status: HTTPResponse.Status?
    var outcome = HTTPReport.Outcome.sent

    init(receivedAt: ContinuousClock.Instant) {
        self.receivedAt = receivedAt
    }

    /// Tells the exchange how it ended.
    func finish(at now: ContinuousClock.Instant, outcome: HTTPReport.Outcome) {
        exchange?.finish(
            HTTPReport(
                status: status, bytesIn: bytesIn, bytesOut: bytesOut, duration: now - receivedAt,
                outcome: outcome))
    }
}
