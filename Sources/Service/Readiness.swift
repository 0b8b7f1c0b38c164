import Synchronization

/// Where the service is in its life.
enum Phase: Sendable, Equatable {
    case starting, ready
    /// Told to stop: not ready for load balancers, but whoever still comes is served.
    case draining
    /// New work is refused; what is queued and running is finished.
    case stopping
}

/// The phase and, once the weights are mapped and have run, the models.
package final class Readiness: Sendable {
    private struct State {
        var phase = Phase.starting
        var models: Models?
        /// What waits for the end of the start.
        var waiting: [@Sendable () -> Void] = []

        /// Whether there are models, or there will be none.
        var isSettled: Bool { models != nil || phase == .stopping }
    }

    private let state = Mutex(State())

    package init() {}

    var phase: Phase { state.withLock { $0.phase } }
    var loadedModels: Models? { state.withLock { $0.models } }

    func becomeReady(_ models: Models) {
        settle { state in
            state.models = models
            if state.phase == .starting { state.phase = .ready }
        }
    }

    /// Runs an action now or, while the service starts, as soon as there is a model or none will come.
    /// How many may wait is for the caller to limit.
    func whenSettled(_ action: @escaping @Sendable () -> Void) {
        let isSettled = state.withLock { state in
            if !state.isSettled { state.waiting.append(action) }
            return state.isSettled
        }
        if isSettled { action() }
    }

    private func settle(_ change: (inout State) -> Void) {
        let actions = state.withLock { state in
            change(&state)
            let actions = state.waiting
            state.waiting = []
            return actions
        }
        for action in actions { action() }
    }

    /// The turn from serving to draining; false when it was made before.
    func beginsDraining() -> Bool {
        state.withLock { state in
            guard state.phase == .starting || state.phase == .ready else { return false }
            state.phase = .draining
            return true
        }
    }

    func startStopping() { settle { $0.phase = .stopping } }

    /// - Throws: 503 once the service only finishes what it has. While it starts, requests wait.
    func checkOpen() throws(ServiceError) {
        if phase == .stopping { throw Self.draining }
    }

    /// - Throws: 503 unless new requests are welcome.
    func checkReady() throws(ServiceError) {
        switch phase {
        case .starting: throw Self.notReady
        case .ready: return
        case .draining, .stopping: throw Self.draining
        }
    }

    /// The networks for a job.
    ///
    /// - Throws: 503 before it is there and once the service only finishes what it has.
    func models() throws(ServiceError) -> Models {
        let (phase, models) = state.withLock { ($0.phase, $0.models) }
        if phase == .stopping { throw Self.draining }
        guard let models else { throw Self.notReady }
        return models
    }

    private static let notReady = ServiceError(
        .notReady, "The service is still loading its weights; try again in a moment.")
    static let draining = ServiceError(
        .draining, "The service is about to stop; send the request to another one.")
}
