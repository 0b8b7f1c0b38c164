// Every limit of the server in one place.

/// What a client may send, how long it may take, and how many may come at once.
///
/// Sizes are in bytes, times in milliseconds of the monotonic clock.
public struct HTTPServerLimits: Sendable {
    /// The request line and all header fields together, line ends included; over it 431.
    public var headerBytesMax = 16 * 1024
    /// Header fields of one request; over it 431.
    public var headersMax = 100
    /// The request target; over it 414. RFC 9112 §3 recommends at least 8000.
    public var uriBytesMax = 8 * 1024
    /// Connections served at once. When all are taken, the one that has not got on for longest makes
    /// room; when there is none, `reservedConnections` more are accepted, but only to be told so.
    public var connectionsMax = 1024
    /// Connections beyond `connectionsMax` whose request head is read: a request whose admission says
    /// `isServedWhenFull` is answered, others get 503, and both close. When these are taken too, the
    /// oldest of them whose head is not complete makes room at once.
    public var reservedConnections = 32
    /// `headerTimeoutMs` and `lingerIdleTimeoutMs` of such a connection, so that silent ones do not
    /// hold the reserve.
    public var reservedTimeoutMs = 500
    /// From the first byte of a head to its last (and from accept to the first byte); then 408.
    public var headerTimeoutMs = 10_000
    /// Between two pieces of a body; then 408.
    public var bodyIdleTimeoutMs = 30_000
    /// Between two requests on one connection; then it is closed without a word.
    public var keepaliveTimeoutMs = 75_000
    /// Between two pieces of a response that the client takes; then the connection is dropped.
    public var writeTimeoutMs = 30_000
    /// The slowest pace of a body or a response, once `paceGraceMs` are over, so that one byte a
    /// second does not hold a connection for ever. Bytes per second.
    public var bytesPerSecondMin = 1024
    /// How long a transfer may be slower than `bytesPerSecondMin`.
    public var paceGraceMs = 30_000
    /// The body of a refused request up to this size is read and dropped, so that the connection
    /// can be kept; a larger one is not worth it and the connection closes.
    public var discardedBodyBytesMax = 64 * 1024
    /// The bytes of all bodies that are on their way, as far as they have come. Whoever would pass it
    /// waits until others are through; when that does not help for a second, the slowest of them is
    /// answered 429.
    public var arrivingBytesMax = 512 * 1024 * 1024
    /// After the last response on a connection, how long the client may go on sending so that its
    /// reset does not destroy that response (RFC 9112 §9.6).
    public var lingerTimeoutMs = 30_000
    /// The same, between two pieces of what it sends.
    public var lingerIdleTimeoutMs = 5_000
    /// The same, in bytes.
    public var lingerBytesMax = 256 * 1024 * 1024
    /// How long one of `connectionsMax` has to be idle, to linger, or to be slower than
    /// `bytesPerSecondMin`, before it may be closed to make room for a new one when all are taken.
    public var idleMinMs = 1_000
    /// The same, for a connection on which nothing was ever sent.
    public var silenceMaxMs = 200
    /// How often a connection that cannot report its end by itself is looked at while its request is
    /// being handled; also the age at which a half-closed one is asked whether it still listens.
    public var peerCheckMs = 250

    /// The longest chunk-size line, extensions included (h2o and uWebSockets stay below it too).
    package static let chunkLineBytesMax = 256
    /// All trailer lines together.
    package static let trailerBytesMax = 8 * 1024

    /// The defaults.
    public init() {}
}
