/// A job whose caller waits for it, and whose body therefore need not outlive the call.
final class Errand<R>: @unchecked Sendable {
    // Unchecked: the worker writes before it signals, the caller reads after it waited.
    private var body: ((Team) throws -> R)?
    private var result: Result<R, any Error>?
    private let done = Semaphore()

    init(_ body: @escaping (Team) throws -> R) { self.body = body }

    func run(_ team: Team) {
        if let body { result = Result { try body(team) } }
        body = nil
        done.signal()
    }

    /// The value or error of the body.
    func wait() throws -> R {
        done.wait()
        guard let result else { preconditionFailure("a pool that was stopped runs no errands") }
        return try result.get()
    }
}
