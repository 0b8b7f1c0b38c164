// What a connection still has to send.

/// A head and a body, or an interim response before them, and how much of both is sent.
struct Output {
    private var head: [UInt8] = []
    private var body: [UInt8] = []
    private var sent = 0

    var isEmpty: Bool { sent == head.count + body.count }

    /// Adds a response behind whatever is left of an interim one.
    mutating func append(head: [UInt8], body: [UInt8] = []) {
        precondition(self.body.isEmpty, "one final response at a time")
        self.head = Array(self.head.dropFirst(sent)) + head
        self.body = body
        sent = 0
    }

    /// One system call's worth of progress.
    mutating func send(to socket: borrowing Socket) -> Socket.SendResult {
        let headSent = min(sent, head.count)
        let result = socket.send(
            head.span.extracting(headSent...), body.span.extracting((sent - headSent)...))
        if case .bytes(let count) = result { sent += count }
        if isEmpty { self = Output() }
        return result
    }
}
