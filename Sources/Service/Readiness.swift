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
    }

    private let state = Mutex(State())

    package init() {}

    var phase: Phase { state.withLock { $0.phase } }
    var loadedModel: Model? { state.withLock { $0.model } }

    func becomeReady(_ model: Model) {
        state.withLock { state in
            state.model = model
            if state.phase == .starting { state.phase = .ready }
        }
    }

    /// The turn from serving to draining; false when it was made before.
    func beginsDraining() -> Bool {
        state.withLock { state in
            guard state.phase == .starting || state.phase == .ready else { return false }
            state.phase = .draining
            return true
        }
    }

    func startStopping() { state.withLock { $0.phase = .stopping } }

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
