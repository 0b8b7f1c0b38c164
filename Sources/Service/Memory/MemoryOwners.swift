import HTTP
import Inference
import Synchronization

/// Who holds memory beside the jobs admitted, so that all together stay under `max-memory-bytes`.
package final class MemoryOwners: Sendable {
    /// The program, its threads, its connections and its log: 37 MB of heap and 20 MB of code were
    /// resident before the first request.
    static let programBytes = 64 << 20

    private let targets: TargetStore
    private let readiness: Readiness
    private let arrivingBytes: @Sendable () -> Int

    package init(
        targets: TargetStore, readiness: Readiness, arrivingBytes: @escaping @Sendable () -> Int
    ) {
        self.targets = targets
        self.readiness = readiness
        self.arrivingBytes = arrivingBytes
    }

    /// What each owner holds now, under its name in the metrics.
    var all: [(name: String, bytes: Int)] {
        let models = readiness.loadedModels
        return [
            ("program", Self.programBytes), ("weights", models?.weightBytes ?? 0),
            ("kernels", models?.kernelBytes ?? 0), ("arriving", arrivingBytes()),
            ("target_cache", targets.bytes),
            ("idle_buffers", models?.buffers.idleBytes ?? 0),
        ]
    }

    /// What no job can ever have.
    var fixedBytes: Int { Self.fixedBytes(readiness.loadedModels) }

    /// The same of a program that has no more than networks.
    static func fixedBytes(_ models: Models?) -> Int {
        programBytes + (models?.weightBytes ?? 0) + (models?.kernelBytes ?? 0)
    }

    /// What is held at the moment.
    var bytes: Int { all.reduce(0) { $0.plus($1.bytes) } }

    /// Gives up what is kept for later only: buffers first, they are quickly had again, then
    /// targets that were not used for longest.
    func giveBack(bytes: Int) {
        let buffers = readiness.loadedModels?.buffers
        let idle = buffers?.idleBytes ?? 0
        buffers?.releaseAll()
        if idle < bytes { targets.giveBack(bytes: bytes - idle) }
    }
}
