import HTTP
import Inference
import Synchronization

/// What the endpoints share.
final class ServiceContext: Sendable {
    let configuration: Configuration
    let access: AccessControl
    let metrics = Metrics()
    let pool: WorkerPool
    let jobs: JobQueue
    let targets: TargetStore
    let readiness = Readiness()
    /// Set once, when the server that needs this context has been made.
    let server = Mutex<HTTPServer?>(nil)

    init(configuration: Configuration) {
        self.configuration = configuration
        access = AccessControl(configuration)
        pool = WorkerPool(workers: configuration[.workers])
        let budget = JobBudget(
            placesMax: configuration[.queueJobs] + configuration[.workers],
            bodyBytesMax: configuration[.queueBytes], memoryBytesMax: configuration[.maxMemoryBytes]
        )
        jobs = JobQueue(pool: pool, budget: budget, metrics: metrics)
        targets = TargetStore(bytesMax: configuration[.targetCacheBytes])
    }
}
