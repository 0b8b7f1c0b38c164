import HTTP
import HTTPTypes
import Logging

/// One line a request.
struct AccessLog: Sendable {
    let logger: Logger

    func write(_ exchange: HTTPExchange, record: ExchangeRecord?) {
        var metadata: Logger.Metadata = [
            "duration_ms": .stringConvertible(
                (exchange.duration.milliseconds * 1000).rounded() / 1000),
            "bytes_in": .stringConvertible(exchange.bytesIn),
            "bytes_out": .stringConvertible(exchange.bytesOut),
        ]
        if let request = exchange.request {
            metadata["client"] = "\(request.clientDescription)"
            metadata["method"] = "\(request.head.method.rawValue)"
            metadata["path"] = "\(request.head.path ?? "")"
            if let parent = request.head.headerFields[.traceparent] {
                metadata["traceparent"] = "\(parent)"
            }
        }
        if let status = exchange.status { metadata["status"] = .stringConvertible(status.code) }
        if let record { metadata["id"] = "\(record.id)" }
        if let code = record?.code { metadata["code"] = "\(code.rawValue)" }
        switch exchange.outcome {
        case .sent: break
        case .clientGone: metadata["outcome"] = "client gone"
        case .timedOut: metadata["outcome"] = "timed out"
        }
        let isOurFault = exchange.status?.code == 500
        logger.log(level: isOurFault ? .error : .info, "request", metadata: metadata)
    }
}
