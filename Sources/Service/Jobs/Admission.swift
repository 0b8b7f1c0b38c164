import Synchronization

/// The share of the budgets one request holds, from its head until its answer: a place in the
/// queue, the bytes of its body, and the memory its work is going to take. What is not given back
/// by then is given back when it goes.
final class Admission: Sendable {
    private let budget: JobBudget
    private let held: Mutex<JobBudget.Share?>

    /// Takes over what `JobBudget.reserve` granted.
    init(_ share: JobBudget.Share, of budget: JobBudget) {
        self.budget = budget
        held = Mutex(share)
    }

    deinit { release() }

    /// Replaces what the head announced with what the body is and what its work will take.
    func charge(bodyBytes: Int, workBytes: Int) throws(ServiceError) {
        let wanted = JobBudget.Share(bodyBytes: bodyBytes, workBytes: workBytes)
        guard let before = held.withLock({ $0 }) else { return }
        try budget.replace(before, with: wanted)
        held.withLock { $0 = wanted }
    }

    /// Gives everything back; further calls do nothing.
    func release() {
        let share = held.withLock { $0.take() }
        if let share { budget.giveBack(share) }
    }
}
