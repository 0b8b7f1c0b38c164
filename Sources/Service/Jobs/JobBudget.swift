import HTTP
import Synchronization

/// The three budgets of admission: places, request bytes and memory, which jobs share with what
/// the service keeps for later and with what it cannot do without. Whatever passes one of them is
/// refused with 429 at once, because a client that waits elsewhere is better off than one that
/// waits here.
package final class JobBudget: Sendable {
    /// What one request holds.
    struct Share: Sendable, Equatable {
        var bodyBytes: Int
        var workBytes = 0
        var places = 1

        var memoryBytes: Int { bodyBytes.plus(workBytes) }
    }

    /// A snapshot for the metrics.
    package struct Usage: Sendable {
        package var places = 0
        package var bodyBytes = 0
        package var memoryBytes = 0
    }

    /// What connections, threads and caches may come to take while jobs take what they were granted.
    package static let besideBytes = 32 << 20

    let placesMax: Int
    let bodyBytesMax: Int
    /// What the whole process may take.
    let memoryBytesMax: Int
    private let answerBytesMax: Int
    private let others: MemoryOwners
    private let grants: @Sendable (_ bytes: Int) -> Bool
    private let state = Mutex(Usage())

    /// - Parameters:
    ///   - placesMax: jobs that may wait plus jobs that may run.
    ///   - grants: whether the system would give so many bytes. Where less is to be had than
    ///     `memoryBytesMax` says, an allocation that fails ends the process: so whatever all jobs are
    ///     granted together is asked for before the last of them begins.
    package init(
        placesMax: Int, bodyBytesMax: Int, memoryBytesMax: Int, answerBytesMax: Int,
        others: MemoryOwners,
        grants: @escaping @Sendable (_ bytes: Int) -> Bool = { AddressSpace.grants(bytes: $0) }
    ) {
        self.placesMax = placesMax
        self.bodyBytesMax = bodyBytesMax
        self.memoryBytesMax = memoryBytesMax
        self.answerBytesMax = answerBytesMax
        self.others = others
        self.grants = grants
    }

    package var usage: Usage { state.withLock { $0 } }

    /// Says so before a body is read that there would be no room for. Nothing is taken yet: a place
    /// belongs to a request whose body is here, whatever others have announced.
    package func checkRoom(bodyBytes: Int) throws(ServiceError) {
        let refusal = refusal(Share(bodyBytes: bodyBytes), over: usage, makesRoom: false)
        if let refusal { throw refusal }
    }

    /// Takes a place for a request whose body is here.
    package func permit(bodyBytes: Int) throws(ServiceError) -> Permit {
        let share = Share(bodyBytes: bodyBytes)
        let refusal = state.withLock { usage -> ServiceError? in
            if let refusal = self.refusal(share, over: usage) { return refusal }
            usage.places += share.places
            usage.bodyBytes += share.bodyBytes
            usage.memoryBytes += share.memoryBytes
            return nil
        }
        if let refusal { throw refusal }
        return Permit(share, of: self)
    }

    /// - Throws: 413 for an answer larger than any may be: 48 KB of features can ask for 3 GB.
    func check(answerBytes: Int) throws(ServiceError) {
        guard answerBytes > answerBytesMax else { return }
        throw ServiceError(
            .batchTooLarge,
            "The answer would be larger than \(answerBytesMax) bytes; ask for fewer or smaller "
                + "layers, or for application/safetensors.",
            limit: answerBytesMax, actual: answerBytes, setting: .maxAnswerBytes)
    }

    func replace(_ old: Share, with new: Share) throws(ServiceError) -> Share {
        let capacity = max(0, memoryBytesMax - others.fixedBytes)
        if new.memoryBytes > capacity {
            throw ServiceError(
                .batchTooLarge,
                "The request would take more memory than the service may use; send fewer or "
                    + "smaller images.",
                limit: capacity, actual: new.memoryBytes, setting: .maxMemoryBytes)
        }
        let refusal = state.withLock { usage -> ServiceError? in
            var without = usage
            without.bodyBytes -= old.bodyBytes
            without.memoryBytes -= old.memoryBytes
            if let refusal = excess(new, over: without) { return refusal }
            let wanted = without.memoryBytes.plus(new.memoryBytes).plus(Self.besideBytes)
            guard grants(wanted) else { return .insufficientMemory }
            usage.bodyBytes = without.bodyBytes + new.bodyBytes
            usage.memoryBytes = without.memoryBytes + new.memoryBytes
            return nil
        }
        if let refusal { throw refusal }
        return new
    }

    func giveBack(_ share: Share) { _ = shrink(share, toMemoryBytes: 0) }

    /// Gives back all of a share but so much memory, which is in use already and cannot be refused.
    func shrink(_ share: Share, toMemoryBytes bytes: Int) -> Share {
        state.withLock { usage in
            usage.places -= share.places
            usage.bodyBytes -= share.bodyBytes
            usage.memoryBytes += bytes - share.memoryBytes
        }
        return Share(bodyBytes: 0, workBytes: bytes, places: 0)
    }

    private func refusal(
        _ share: Share, over usage: Usage, makesRoom: Bool = true
    ) -> ServiceError? {
        if usage.places >= placesMax {
            return ServiceError(
                .queueFull, "The work queue is full; try again in a moment.", limit: placesMax,
                setting: .queueJobs)
        }
        return excess(share, over: usage, makesRoom: makesRoom)
    }

    /// - Parameter makesRoom: whether others may be asked to give back what they keep. A head alone
    ///   may not: its body might never come.
    private func excess(
        _ share: Share, over usage: Usage, makesRoom: Bool = true
    ) -> ServiceError? {
        if share.bodyBytes > 0 && usage.bodyBytes.plus(share.bodyBytes) > bodyBytesMax {
            return ServiceError(
                .queueFull, "The work queue holds too many bytes; try again in a moment.",
                limit: bodyBytesMax, actual: usage.bodyBytes.plus(share.bodyBytes),
                setting: .queueBytes)
        }
        let wanted = usage.memoryBytes.plus(share.memoryBytes)
        guard share.memoryBytes > 0, missing(wanted) > 0 else { return nil }
        guard makesRoom else { return nil }
        others.giveBack(bytes: missing(wanted))
        guard missing(wanted) > 0 else { return nil }
        return ServiceError(
            .memoryBudget, "The memory for jobs is spent; try again in a moment.",
            limit: memoryBytesMax, actual: wanted.plus(others.bytes), setting: .maxMemoryBytes)
    }

    /// How far jobs of so many bytes go beyond the limit together with everything else.
    private func missing(_ jobsBytes: Int) -> Int {
        jobsBytes.plus(others.bytes) - memoryBytesMax
    }
}
