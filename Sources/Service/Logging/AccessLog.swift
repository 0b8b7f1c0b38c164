import HTTP
import HTTPTypes
import Logging

/// One line a request.
struct AccessLog: Sendable {
    let logger: Logger

    func write(_ record: RequestRecord, _ report: HTTPReport, code: ErrorCode?) {
        var metadata: Logger.Metadata = [
            "id": "\(record.id)", "client": "\(record.client)",
            "duration_ms": .stringConvertible(
                (report.duration.milliseconds * 1000).rounded() / 1000),
            "bytes_in": .stringConvertible(report.bytesIn),
            "bytes_out": .stringConvertible(report.bytesOut),
        ]
        if let method = record.method { metadata["method"] = "\(method.rawValue)" }
        if let target = record.target { metadata["path"] = "\(target)" }
        if let traceparent = record.traceparent { metadata["traceparent"] = "\(traceparent)" }
        if let tenant = record.tenant { metadata["key"] = "\(tenant)" }
        if let status = report.status { metadata["status"] = .stringConvertible(status.code) }
        if let code { metadata["code"] = "\(code.rawValue)" }
        switch report.outcome {
        case .sent: break
        case .clientGone: metadata["outcome"] = "client gone"
        case .timedOut: metadata["outcome"] = "timed out"
        }
        logger.log(level: Self.level(record, report), "request", metadata: metadata)
    }

    /// Probes and scrapes come every few seconds, and say something when they fail.
    private static func level(_ record: RequestRecord, _ report: HTTPReport) -> Logger.Level {
        switch report.status?.code {
        case 500: .error
        case 200 where record.isProbe: .debug
        default: .info
        }
    }
}
