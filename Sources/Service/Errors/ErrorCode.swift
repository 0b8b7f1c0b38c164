import HTTPTypes

/// Every way a request can fail, each with its status and title: the one table from errors to
/// statuses.
public enum ErrorCode: String, Sendable, CaseIterable {
    case badRequest = "bad_request"
    case badHeader = "bad_header"
    case unauthorized
    case forbiddenOrigin = "forbidden_origin"
    case notFound = "not_found"
    case targetNotFound = "target_not_found"
    case methodNotAllowed = "method_not_allowed"
    case notAcceptable = "not_acceptable"
    case requestTimeout = "request_timeout"
    case lengthRequired = "length_required"
    case bodyTooLarge = "body_too_large"
    case imageTooLarge = "image_too_large"
    case batchTooLarge = "batch_too_large"
    case uriTooLong = "uri_too_long"
    case unsupportedMediaType = "unsupported_media_type"
    case unsupportedEncoding = "unsupported_encoding"
    case expectationFailed = "expectation_failed"
    case misdirectedRequest = "misdirected_request"
    case invalidImage = "invalid_image"
    case invalidTensor = "invalid_tensor"
    case shapeMismatch = "shape_mismatch"
    case imageTooSmall = "image_too_small"
    case missingInput = "missing_input"
    case missingOption = "missing_option"
    case invalidOption = "invalid_option"
    case unknownOption = "unknown_option"
    case unknownLayer = "unknown_layer"
    case unknownPreset = "unknown_preset"
    case presetUnavailable = "preset_unavailable"
    case unknownModel = "unknown_model"
    case weightsMismatch = "weights_mismatch"
    case statisticsMismatch = "statistics_mismatch"
    case invalidLoss = "invalid_loss"
    case rangeViolation = "range_violation"
    case nonFiniteInput = "non_finite_input"
    case nonFiniteResult = "non_finite_result"
    case digestMismatch = "digest_mismatch"
    case dtypeUnsupported = "dtype_unsupported"
    case queueFull = "queue_full"
    case memoryBudget = "memory_budget"
    case headersTooLarge = "headers_too_large"
    case internalError = "internal"
    case insufficientMemory = "insufficient_memory"
    case notReady = "not_ready"
    case draining
    case deadlineExceeded = "deadline_exceeded"

    /// The status of RFC 9110 that it is answered with, reason phrase included.
    public var status: HTTPResponse.Status { row.status }
    /// RFC 9457 §3.1.3: a short summary that does not change from occurrence to occurrence.
    public var title: String { row.title }

    private var row: (status: HTTPResponse.Status, title: String) {
        switch self {
        case .badRequest: (.badRequest, "Bad request")
        case .badHeader: (.badRequest, "Bad header field")
        case .unauthorized: (.unauthorized, "Unauthorized")
        case .forbiddenOrigin: (.forbidden, "Origin not allowed")
        case .notFound: (.notFound, "Not found")
        case .targetNotFound: (.notFound, "Target not found")
        case .methodNotAllowed: (.methodNotAllowed, "Method not allowed")
        case .notAcceptable: (.notAcceptable, "Not acceptable")
        case .requestTimeout: (.requestTimeout, "Request timed out")
        case .lengthRequired: (.lengthRequired, "Length required")
        case .bodyTooLarge: (.contentTooLarge, "Body too large")
        case .imageTooLarge: (.contentTooLarge, "Image too large")
        case .batchTooLarge: (.contentTooLarge, "Batch too large")
        case .uriTooLong: (.uriTooLong, "URI too long")
        case .unsupportedMediaType: (.unsupportedMediaType, "Unsupported media type")
        case .unsupportedEncoding: (.unsupportedMediaType, "Unsupported content encoding")
        case .expectationFailed: (.expectationFailed, "Expectation failed")
        case .misdirectedRequest: (.misdirectedRequest, "Misdirected request")
        case .invalidImage: (.unprocessableContent, "Invalid image")
        case .invalidTensor: (.unprocessableContent, "Invalid tensor")
        case .shapeMismatch: (.unprocessableContent, "Shape mismatch")
        case .imageTooSmall: (.unprocessableContent, "Image too small")
        case .missingInput: (.unprocessableContent, "Missing input")
        case .missingOption: (.unprocessableContent, "Missing option")
        case .invalidOption: (.unprocessableContent, "Invalid option")
        case .unknownOption: (.unprocessableContent, "Unknown option")
        case .unknownLayer: (.unprocessableContent, "Unknown layer")
        case .unknownPreset: (.unprocessableContent, "Unknown preset")
        case .presetUnavailable: (.unprocessableContent, "Preset unavailable")
        case .unknownModel: (.unprocessableContent, "Unknown model")
        case .weightsMismatch: (.unprocessableContent, "Weights mismatch")
        case .statisticsMismatch: (.unprocessableContent, "Statistics mismatch")
        case .invalidLoss: (.unprocessableContent, "Invalid loss")
        case .rangeViolation: (.unprocessableContent, "Value out of range")
        case .nonFiniteInput: (.unprocessableContent, "Input not finite")
        case .nonFiniteResult: (.unprocessableContent, "Result not finite")
        case .digestMismatch: (.unprocessableContent, "Digest mismatch")
        case .dtypeUnsupported: (.unprocessableContent, "Element type not supported")
        case .queueFull: (.tooManyRequests, "Queue full")
        case .memoryBudget: (.tooManyRequests, "Memory budget spent")
        case .headersTooLarge: (.requestHeaderFieldsTooLarge, "Header fields too large")
        case .internalError: (.internalServerError, "Internal error")
        case .insufficientMemory: (.serviceUnavailable, "Insufficient memory")
        case .notReady: (.serviceUnavailable, "Not ready")
        case .draining: (.serviceUnavailable, "Draining")
        case .deadlineExceeded: (.gatewayTimeout, "Deadline exceeded")
        }
    }
}
