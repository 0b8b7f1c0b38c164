import HTTP
import Inference

/// What the endpoints share.
final class ServiceContext: Sendable {
    let configuration: Configuration
    let access: AccessControl
    let metrics = Metrics()
    let pool: WorkerPool
    let jobs: JobQueue
    let targets: TargetStore
    let readiness = Readiness()
    /// Who holds memory beside the jobs.
    let memory: MemoryOwners
    /// Set once, when the server that needs this context has been made.
    let server = ServerReference()

    init(configuration: Configuration) {
        self.configuration = configuration
        access = AccessControl(configuration)
        pool = WorkerPool(workers: configuration[.workers])
        targets = TargetStore(bytesMax: configuration[.targetCacheBytes])
        let server = server
        memory = MemoryOwners(targets: targets, readiness: readiness) {
            server.value?.arrivingBytes ?? 0
        }
        let budget = JobBudget(
            placesMax: configuration[.queueJobs] + configuration[.workers],
            bodyBytesMax: configuration[.queueBytes],
            memoryBytesMax: configuration[.maxMemoryBytes],
            answerBytesMax: configuration[.maxAnswerBytes], others: memory)
        jobs = JobQueue(pool: pool, budget: budget, metrics: metrics)
    }
}
