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

    /// What a body of the size given, or of no known size, may take: never more than all there is,
    /// so that what fits an idle service is not refused for ever.
    func share(declaredBodyBytes: Int?, bodyBytesMax: Int) -> Share {
        let bytes = min(declaredBodyBytes ?? bodyBytesMax, bodyBytesMax)
        return Share(bodyBytes: min(bytes, self.bodyBytesMax, memoryBytesMax))
    }

    func reserve(_ share: Share) throws(ServiceError) {
        let refusal = state.withLock { usage -> ServiceError? in
            if usage.places >= placesMax {
                return ServiceError(
                    .queueFull, "The work queue is full; try again in a moment.", limit: placesMax,
                    setting: .queueJobs)
            }
            if let refusal = excess(share, over: usage) { return refusal }
            usage.places += share.places
            usage.bodyBytes += share.bodyBytes
            usage.memoryBytes += share.memoryBytes
            return nil
        }
        if let refusal { throw refusal }
    }

    func replace(_ old: Share, with new: Share) throws(ServiceError) {
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
