import Dispatch

/// Gives free memory back to the system when the service has nothing to do after it had.
final class MemoryTrimmer: Sendable {
    private static let seconds = 5

    private let queue = DispatchQueue(label: "styleloss.memory", qos: .utility)
    private let jobsSoFar: @Sendable () -> Int?
    private let seen = Counter()
    private let trimmed = Counter()

    /// - Parameter jobsSoFar: jobs that are over; nil while one runs.
    init(jobsSoFar: @escaping @Sendable () -> Int?) {
        self.jobsSoFar = jobsSoFar
        lookLater()
    }

    private func lookLater() {
        queue.asyncAfter(deadline: .now() + .seconds(Self.seconds)) { [weak self] in
            self?.look()
            self?.lookLater()
        }
    }

    /// Trims when idle for a whole period, and once for all jobs until then.
    private func look() {
        guard let jobs = jobsSoFar() else { return }
        if jobs == seen.value && jobs != trimmed.value {
            trimmed.set(jobs)
            Allocator.trim()
        }
        seen.set(jobs)
    }
}
