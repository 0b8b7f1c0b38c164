import Synchronization

/// The three budgets of admission: places, request bytes and memory. Whatever passes one of them is
/// refused with 429 at once, because a client that waits elsewhere is better off than one that
/// waits here.
final class JobBudget: Sendable {
    /// What one request holds.
    struct Share: Sendable, Equatable {
        var bodyBytes: Int
        var workBytes = 0
        var places = 1

        var memoryBytes: Int { bodyBytes.plus(workBytes) }
    }

    /// A snapshot for the metrics.
    struct Usage: Sendable {
        var places = 0
        var bodyBytes = 0
        var memoryBytes = 0
    }

    let placesMax: Int
    let bodyBytesMax: Int
    let memoryBytesMax: Int
    private let state = Mutex(Usage())

    /// - Parameter placesMax: jobs that may wait plus jobs that may run.
    init(placesMax: Int, bodyBytesMax: Int, memoryBytesMax: Int) {
        self.placesMax = placesMax
        self.bodyBytesMax = bodyBytesMax
        self.memoryBytesMax = memoryBytesMax
    }

    var usage: Usage { state.withLock { $0 } }

    /// Says so before a body is read that there would be no room for. Nothing is taken yet: a place
    /// belongs to a request whose body is here, whatever others have announced.
    func checkRoom(bodyBytes: Int) throws(ServiceError) {
        if let refusal = refusal(Share(bodyBytes: bodyBytes), over: usage) { throw refusal }
    }

    /// Takes a place for a request whose body is here.
    func permit(bodyBytes: Int) throws(ServiceError) -> Permit {
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

    func replace(_ old: Share, with new: Share) throws(ServiceError) -> Share {
        if new.memoryBytes > memoryBytesMax {
            throw ServiceError(
                .batchTooLarge,
                "The request would take more memory than the service may use; send fewer or "
                    + "smaller images.",
                limit: memoryBytesMax, actual: new.memoryBytes, setting: .maxMemoryBytes)
        }
        let refusal = state.withLock { usage -> ServiceError? in
            var without = usage
            without.bodyBytes -= old.bodyBytes
            without.memoryBytes -= old.memoryBytes
            if let refusal = excess(new, over: without) { return refusal }
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

    private func refusal(_ share: Share, over usage: Usage) -> ServiceError? {
        if usage.places >= placesMax {
            return ServiceError(
                .queueFull, "The work queue is full; try again in a moment.", limit: placesMax,
                setting: .queueJobs)
        }
        return excess(share, over: usage)
    }

    private func excess(_ share: Share, over usage: Usage) -> ServiceError? {
        if share.bodyBytes > 0 && usage.bodyBytes.plus(share.bodyBytes) > bodyBytesMax {
            return ServiceError(
                .queueFull, "The work queue holds too many bytes; try again in a moment.",
                limit: bodyBytesMax, actual: usage.bodyBytes.plus(share.bodyBytes),
                setting: .queueBytes)
        }
        if share.memoryBytes > 0 && usage.memoryBytes.plus(share.memoryBytes) > memoryBytesMax {
            return ServiceError(
                .memoryBudget, "The memory for jobs is spent; try again in a moment.",
                limit: memoryBytesMax, actual: usage.memoryBytes.plus(share.memoryBytes),
                setting: .maxMemoryBytes)
        }
        return nil
    }
}
