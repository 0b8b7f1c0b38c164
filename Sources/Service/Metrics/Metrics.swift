import HTTPTypes
import Synchronization

/// How a job ended.
enum JobOutcome: String, CaseIterable {
    case ok, invalid, rejected, timeout, cancelled, error

    init(_ code: ErrorCode) {
        switch code {
        case .queueFull, .memoryBudget, .insufficientMemory, .notReady, .draining: self = .rejected
        case .deadlineExceeded, .requestTimeout: self = .timeout
        case .internalError: self = .error
        default: self = .invalid
        }
    }
}

/// What a job spends its time on.
enum JobStage: String, CaseIterable {
    case queue, decode, resize, features, gradient, losses, encode
}

/// The service's counters. Everything is an atomic but for the one table of requests by route,
/// method and status.
package final class Metrics: Sendable {
    /// Requests whose answer is not sent yet.
    let requestsInFlight = Counter()
    /// Jobs that workers have taken.
    let jobsRunning = Counter()
    /// How long a worker is busy with a job.
    let meanJob = RecentMean()
    let pairs = Counter()
    let pixels = Counter()

    private let requests = Mutex(Requests())
    private let jobs: [JobOutcome: Counter]
    private let stages: [JobStage: Histogram]

    private struct Requests {
        var counts: [RequestLabels: Int] = [:]
        var durations: [String: Histogram] = [:]
    }

    private struct RequestLabels: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    /// The label of a path no route has: clients must not be able to make series.
    static let otherRoute = "other"
    private static let knownMethods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
    ]

    package init() {
        jobs = Dictionary(uniqueKeysWithValues: JobOutcome.allCases.map { ($0, Counter()) })
        stages = Dictionary(uniqueKeysWithValues: JobStage.allCases.map { ($0, Histogram()) })
    }

    func countRequest(route: String, method: String, status: Int, duration: Duration) {
        let method = Self.knownMethods.contains(method) ? method : "other"
        let histogram = requests.withLock { requests in
            requests.counts[
                RequestLabels(route: route, method: method, status: status), default: 0] += 1
            let histogram = requests.durations[route] ?? Histogram()
            requests.durations[route] = histogram
            return histogram
        }
        histogram.observe(duration)
    }

    func countJob(_ outcome: JobOutcome) { jobs[outcome]?.add(1) }

    /// Jobs that ended, however they did.
    var jobsOver: Int { jobs.values.reduce(0) { $0 + $1.value } }

    func observe(_ stage: JobStage, _ duration: Duration) { stages[stage]?.observe(duration) }

    /// The families this object counts.
    func write(to text: inout PrometheusText) {
        text.family("styleloss_http_requests_total", .counter, "Requests answered.")
        let (counts, durations) = requests.withLock { ($0.counts, $0.durations) }
        let rows = counts.map { (labels: $0.key, count: $0.value) }
        for row in rows.sorted(by: { Self.order($0.labels) < Self.order($1.labels) }) {
            let labels = row.labels
            text.sample(
                "styleloss_http_requests_total",
                labels:
                    "route=\"\(labels.route)\",method=\"\(labels.method)\",code=\"\(labels.status)\"",
                row.count)
        }
        let name = "styleloss_http_request_duration_seconds"
        text.family(name, .histogram, "From a request's first byte to its answer's last.")
        for (route, histogram) in durations.sorted(by: { $0.key < $1.key }) {
            histogram.write(name, labels: "route=\"\(route)\"", to: &text)
        }
        writeJobs(to: &text)
    }

    private func writeJobs(to text: inout PrometheusText) {
        text.family("styleloss_jobs_total", .counter, "Jobs by how they ended.")
        for outcome in JobOutcome.allCases {
            text.sample(
                "styleloss_jobs_total", labels: "outcome=\"\(outcome.rawValue)\"",
                jobs[outcome]?.value ?? 0)
        }
        let name = "styleloss_job_stage_duration_seconds"
        text.family(name, .histogram, "Time of a job in each stage.")
        for stage in JobStage.allCases {
            stages[stage]?.write(name, labels: "stage=\"\(stage.rawValue)\"", to: &text)
        }
        text.single(
            "styleloss_pairs_total", .counter, "Pairs whose losses were answered.", pairs.value)
        text.single(
            "styleloss_pixels_total", .counter, "Pixels of the images computed.", pixels.value)
    }

    private static func order(_ labels: RequestLabels) -> String {
        "\(labels.route) \(labels.method) \(labels.status)"
    }
}
