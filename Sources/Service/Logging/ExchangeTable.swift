import HTTP
import HTTPTypes
import Synchronization

/// What only the service knows of an exchange: for the log, and to give back at its end.
final class ExchangeRecord: Sendable {
    /// `X-Request-Id`, echoed or made up.
    let id: String
    private let errorCode = Mutex<ErrorCode?>(nil)
    private let admission = Mutex<Admission?>(nil)

    init(_ request: HTTPServerRequest?) { id = RequestID.of(request) }

    var code: ErrorCode? { errorCode.withLock { $0 } }
    func fail(_ code: ErrorCode) { errorCode.withLock { $0 = code } }

    /// Keeps what the request holds of the budgets until the exchange is over.
    func hold(_ admission: Admission) { self.admission.withLock { $0 = admission } }
    func finish() { admission.withLock { $0.take() }?.finishExchange() }
}

/// The records of exchanges in flight, from the request's head until the server reports its end.
///
/// Requests of one connection are answered in order, and those pipelined in one packet have one
/// time of arrival: so a client and a time name a line of records, first in, first out.
final class ExchangeTable: Sendable {
    private struct Key: Hashable {
        let client: String
        let receivedAt: ContinuousClock.Instant

        init(_ request: HTTPServerRequest) {
            client = request.clientDescription
            receivedAt = request.receivedAt
        }
    }

    private let records = Mutex<[Key: [ExchangeRecord]]>([:])

    /// Exchanges in flight.
    var count: Int { records.withLock { $0.values.reduce(0) { $0 + $1.count } } }

    func begin(_ request: HTTPServerRequest) -> ExchangeRecord {
        let record = ExchangeRecord(request)
        records.withLock { $0[Key(request), default: []].append(record) }
        return record
    }

    func end(_ request: HTTPServerRequest) -> ExchangeRecord? {
        let key = Key(request)
        return records.withLock { records in
            guard var line = records.removeValue(forKey: key), !line.isEmpty else { return nil }
            let record = line.removeFirst()
            if !line.isEmpty { records[key] = line }
            return record
        }
    }
}

/// Names of requests.
enum RequestID {
    /// The client's own when it is 1 to 128 visible ASCII characters, else a new one of 128 random
    /// bits.
    static func of(_ request: HTTPServerRequest?) -> String {
        if let given = request?.head.headerFields[.xRequestID],
            (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            return given
        }
        let halves = (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return halves.joined()
    }
}
