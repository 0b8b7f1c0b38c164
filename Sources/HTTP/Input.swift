// What a connection has read and not yet answered.

/// The parsers of a connection, and the bytes between them.
struct Input {
    var parser: RequestParser
    /// The body that is being read, or read past.
    var body: BodyReader?
    /// Bytes that came behind the request being handled, from `unreadStart` on.
    var unread: [UInt8] = []
    var unreadStart = 0
    var pace = Pace(start: .now)
    /// Whether the source fired while nothing was read: it does not fire twice for a reset.
    var hasUnseenEvent = false
    /// Whether a turn to read on is on its way.
    var hasTurn = false

    /// Forgets everything that came.
    mutating func drop(limits: HTTPServerLimits) {
        parser = RequestParser(limits: limits)
        body = nil
        unread = []
        unreadStart = 0
    }
}
