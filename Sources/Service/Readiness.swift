import Synchronization

/// Where the service is in its life.
enum Phase: Sendable, Equatable {
    case starting, ready
    /// Told to stop: not ready for load balancers, but whoever still comes is served.
    case draining
    /// New work is refused; what is queued and running is finished.
    case stopping
}

/// The phase and, once the weights are mapped and have run, the model.
package final class Readiness: Sendable {
    private struct State {
        var phase = Phase.starting
        var model: Model?
        /// What waits for the end of the start.
        var waiting: [@Sendable () -> Void] = []

        /// Whether there is a model, or there will be none.
        var isSettled: Bool { model != nil || phase == .stopping }
    }

    private let state = Mutex(State())

    package init() {}

    var phase: Phase { state.withLock { $0.phase } }
    var loadedModel: Model? { state.withLock { $0.model } }

    func becomeReady(_ model: Model) {
        settle { state in
            state.model = model
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

    /// The model for a job.
    ///
    /// - Throws: 503 before it is there and once the service only finishes what it has.
    func model() throws(ServiceError) -> Model {
        let (phase, model) = state.withLock { ($0.phase, $0.model) }
        if phase == .stopping { throw Self.draining }
        guard let model else { throw Self.notReady }
        return model
    }

    private static let notReady = ServiceError(
        .notReady, "The service is still loading its weights; try again in a moment.")
    static let draining = ServiceError(
        .draining, "The service is about to stop; send the request to another one.")
}
