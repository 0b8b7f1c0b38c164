import Dispatch
import HTTP
import Inference

/// GET /metrics
struct MetricsEndpoint: ImmediateEndpoint {
    let context: ServiceContext
    /// The metrics of the process are read from procfs.
    let queue: DispatchQueue? = DispatchQueue(label: "styleloss.metrics")

    func respond(to request: ServiceRequest) -> HTTPServerResponse {
        var text = PrometheusText()
        writeService(to: &text)
        context.metrics.write(to: &text)
        writeQueue(to: &text)
        context.targets.write(to: &text)
        writeMemory(to: &text)
        ProcessMetrics.write(to: &text)
        return HTTPServerResponse(
            type: "text/plain; version=0.0.4; charset=utf-8", body: Array(text.text.utf8))
    }

    private func writeService(to text: inout PrometheusText) {
        let instructionSet = context.readiness.loadedModels?.instructionSet.rawValue ?? ""
        text.family("styleloss_build_info", .gauge, "What is running; always 1.")
        text.sample(
            "styleloss_build_info",
            labels: "version=\"\(Version.number)\",instruction_set=\"\(instructionSet)\"", 1)
        text.single(
            "styleloss_ready", .gauge, "Whether /readyz says ready.",
            context.readiness.phase == .ready ? 1 : 0)
        let server = context.server.value
        text.single(
            "styleloss_http_connections", .gauge, "Open connections.", server?.openConnections ?? 0)
        text.single(
            "styleloss_connections_rejected_total", .counter, "Connections beyond the limit.",
            server?.rejectedConnections ?? 0)
        text.single(
            "styleloss_http_requests_in_flight", .gauge, "Requests whose answer is not sent yet.",
            context.metrics.requestsInFlight.value)
    }

    private func writeMemory(to text: inout PrometheusText) {
        let name = "styleloss_memory_bytes"
        text.family(name, .gauge, "Memory by its owner; all of them stay under the limit.")
        let jobs = ("jobs", context.jobs.budget.usage.memoryBytes)
        for (owner, bytes) in [jobs] + context.memory.all {
            text.sample(name, labels: "owner=\"\(owner)\"", bytes)
        }
        text.single(
            "styleloss_memory_limit_bytes", .gauge, "What max-memory-bytes says.",
            context.configuration[.maxMemoryBytes])
    }

    private func writeQueue(to text: inout PrometheusText) {
        let (queued, running) = (
            context.jobs.waitingCount, context.metrics.jobsRunning.value
        )
        text.single("styleloss_jobs_queued", .gauge, "Jobs that wait for a worker.", queued)
        text.single("styleloss_jobs_running", .gauge, "Jobs that workers have taken.", running)
        text.single("styleloss_jobs_pending", .gauge, "Jobs queued or running.", queued + running)
        text.single(
            "styleloss_queue_capacity", .gauge, "Most jobs that may wait.",
            context.configuration[.queueJobs])
        let usage = context.jobs.budget.usage
        text.single(
            "styleloss_queue_size_bytes", .gauge,
            "Request bytes that arrive, wait or are worked on.",
            usage.bodyBytes)
        text.single(
            "styleloss_jobs_memory_bytes", .gauge, "Memory of the jobs admitted, by estimate.",
            usage.memoryBytes)
        text.single("styleloss_workers", .gauge, "Threads that compute.", context.pool.workers)
        text.single(
            "styleloss_worker_busy_seconds_total", .counter,
            "Time workers computed, over all of them.",
            context.pool.busySeconds)
    }
}
