import Synchronization

/// The share of the budgets one request holds: from its head until its work is done, a place in the
/// queue, the bytes of its body and the memory its work takes; from then until the exchange is over,
/// the memory of the answer, which a slow client may leave in the server's hands for long. What is
/// not given back by then is given back when it goes.
final class Admission: Sendable {
    private struct State {
        var held: JobBudget.Share?
        var isWorkDone = false
        var isExchangeOver = false
    }

    private let budget: JobBudget
    private let state: Mutex<State>

    /// Takes over what `JobBudget.reserve` granted.
    init(_ share: JobBudget.Share, of budget: JobBudget) {
        self.budget = budget
        state = Mutex(State(held: share))
    }

    deinit { release() }

    /// Replaces what the head announced with what the body is and what its work will take.
    func charge(bodyBytes: Int, workBytes: Int) throws(ServiceError) {
        let wanted = JobBudget.Share(bodyBytes: bodyBytes, workBytes: workBytes)
        guard let before = state.withLock({ $0.held }) else { return }
        try budget.replace(before, with: wanted)
        state.withLock { $0.held = wanted }
    }

    /// The work is done: gives back all but the memory of the answer, and that too when nobody
    /// waits for it.
    func finishWork(answerBytes: Int) {
        state.withLock { state in
            state.isWorkDone = true
            guard let share = state.held else { return }
            if state.isExchangeOver {
                budget.giveBack(share)
                state.held = nil
            } else {
                state.held = budget.shrink(share, toMemoryBytes: answerBytes)
            }
        }
    }

    /// The answer is sent or its client is gone. Work that still runs keeps what it takes.
    func finishExchange() {
        let isWorkDone = state.withLock { state in
            state.isExchangeOver = true
            return state.isWorkDone
        }
        if isWorkDone { release() }
    }

    /// Gives everything back; further calls do nothing.
    func release() {
        let share = state.withLock { $0.held.take() }
        if let share { budget.giveBack(share) }
    }
}
