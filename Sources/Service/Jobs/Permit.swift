/// What one request holds of the budgets, from the arrival of its body until its work is done: a
/// place in the queue, the bytes of the body and the memory the work takes; and from then on the
/// memory of the answer. It is given back when it goes.
package struct Permit: ~Copyable, Sendable {
    private let budget: JobBudget
    private var share: JobBudget.Share

    /// Takes over what the budget granted.
    init(_ share: JobBudget.Share, of budget: JobBudget) {
        self.budget = budget
        self.share = share
    }

    deinit { budget.giveBack(share) }

    /// Asks for memory that the work and its answer will take, beside all it has asked for.
    package mutating func charge(workBytes: Int, answerBytes: Int) throws(ServiceError) {
        try budget.check(answerBytes: answerBytes)
        share = try budget.replace(
            share,
            with: JobBudget.Share(
                bodyBytes: share.bodyBytes,
                workBytes: share.workBytes.plus(workBytes).plus(answerBytes)))
    }

    /// Gives back all but the memory of the answer.
    package mutating func keepAnswer(bytes: Int) {
        share = budget.shrink(share, toMemoryBytes: bytes)
    }
}
