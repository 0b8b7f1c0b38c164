// How an exchange ended, in numbers.

import HTTPTypes

/// What became of a request, for logs and metrics.
public struct HTTPReport: Sendable {
    /// How an exchange ended.
    public enum Outcome: Sendable, Hashable {
        /// The whole response was handed to the kernel.
        case sent
        /// The connection ended before that: the client left, the grace of a shutdown ended, or the
        /// exchange let go of its responder.
        case clientGone
        /// The client was too slow, in sending or in taking.
        case timedOut
    }

    /// The status that was sent, or begun; nil when none was.
    public let status: HTTPResponse.Status?
    /// Bytes of the request that were read from the wire.
    public let bytesIn: Int
    /// Bytes of the response that the kernel took.
    public let bytesOut: Int
    /// From the first byte of the request.
    public let duration: Duration
    /// How it ended.
    public let outcome: Outcome
}
