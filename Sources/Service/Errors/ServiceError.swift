import Codecs
import HTTP
import HTTPTypes

/// A request that cannot be answered as asked, and the sentence that says what to change.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
    /// Which error it is.
    public let code: ErrorCode
    /// One sentence for the client, in ASCII; never a path or an address of ours. What the client sent
    /// stands in it as an `Excerpt`.
    public let detail: String
    /// The limit that was passed, what was asked for, and the setting that would change it.
    public var limit: Int?
    /// What was asked for.
    public var actual: Int?
    /// The setting that would change the limit.
    public var setting: Setting<Int>?

    /// Header fields of the answer that belong to this error, such as `Allow`.
    var fields: HTTPFields = [:]

    /// An error with its sentence.
    public init(_ code: ErrorCode, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// A limit that was passed.
    public init(
        _ code: ErrorCode, _ detail: String, limit: Int, actual: Int? = nil,
        setting: Setting<Int>? = nil
    ) {
        self.init(code, detail)
        self.limit = limit
        self.actual = actual
        self.setting = setting
    }

    /// The sentence.
    public var description: String { detail }
}

extension ServiceError {
    /// Whether the options are wrong, and not what was sent.
    public var isMistakeInOptions: Bool {
        switch code {
        case .invalidOption, .unknownOption, .missingOption, .unknownLayer, .unknownPreset,
            .invalidLoss, .unknownModel, .presetUnavailable, .weightsMismatch:
            true
        default: false
        }
    }

    static let deadlineExceeded = ServiceError(
        .deadlineExceeded,
        "The request was not done by its deadline; allow more with X-Request-Timeout-Ms or send "
            + "less at a time.")

    /// The system has less memory to give than `max-memory-bytes` says.
    static let insufficientMemory = ServiceError(
        .insufficientMemory,
        "The system does not grant the memory that the request takes; send less at a time, or try "
            + "again later.")

    /// Seconds after which a client should come back to a service that starts or stops (RFC 9110
    /// §10.2.3).
    private static let retryAfterSeconds = 1

    /// The answer as problem details (RFC 9457); `error` repeats `detail` for Open Inference
    /// Protocol clients.
    var response: HTTPServerResponse {
        var members: [JSON.Member] = [
            .init("type", "about:blank"), .init("title", .string(code.title)),
            .init("status", .integer(code.status.code)), .init("detail", .string(detail)),
            .init("code", .string(code.rawValue)), .init("error", .string(detail)),
        ]
        if let limit { members.append(.init("limit", .integer(limit))) }
        if let actual { members.append(.init("actual", .integer(actual))) }
        if let setting { members.append(.init("option", .string(setting.key))) }
        var response = HTTPServerResponse(
            status: code.status, type: "application/problem+json", .object(members))
        switch code {
        case .notReady, .draining:
            response.fields[.retryAfter] = "\(Self.retryAfterSeconds)"
            response.closesConnection = true
        case .requestTimeout: response.closesConnection = true
        default: break
        }
        response.fields.append(contentsOf: fields)
        return response
    }
}
