import HTTPTypes

/// Every way a request can fail, each with its status and title: the one table from errors to
/// statuses.
public enum ErrorCode: String, Sendable, CaseIterable {
    case badRequest = "bad_request"
    case badHeader = "bad_header"
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
    case rangeViolation = "range_violation"
    case nonFiniteInput = "non_finite_input"
    case nonFiniteResult = "non_finite_result"
    case digestMismatch = "digest_mismatch"
    case dtypeUnsupported = "dtype_unsupported"
    case queueFull = "queue_full"
    case memoryBudget = "memory_budget"
    case headersTooLarge = "headers_too_large"
    case internalError = "internal"
    case notReady = "not_ready"
    case draining
    case deadlineExceeded = "deadline_exceeded"

    /// The status of RFC 9110 that it is answered with.
    public var status: HTTPResponse.Status { HTTPResponse.Status(code: row.status) }
    /// RFC 9457 §3.1.3: a short summary that does not change from occurrence to occurrence.
    public var title: String { row.title }

    private var row: (status: Int, title: String) {
        switch self {
        case .badRequest: (400, "Bad request")
        case .badHeader: (400, "Bad header field")
        case .notFound: (404, "Not found")
        case .targetNotFound: (404, "Target not found")
        case .methodNotAllowed: (405, "Method not allowed")
        case .notAcceptable: (406, "Not acceptable")
        case .requestTimeout: (408, "Request timed out")
        case .lengthRequired: (411, "Length required")
        case .bodyTooLarge: (413, "Body too large")
        case .imageTooLarge: (413, "Image too large")
        case .batchTooLarge: (413, "Batch too large")
        case .uriTooLong: (414, "URI too long")
        case .unsupportedMediaType: (415, "Unsupported media type")
        case .unsupportedEncoding: (415, "Unsupported content encoding")
        case .expectationFailed: (417, "Expectation failed")
        case .invalidImage: (422, "Invalid image")
        case .invalidTensor: (422, "Invalid tensor")
        case .shapeMismatch: (422, "Shape mismatch")
        case .imageTooSmall: (422, "Image too small")
        case .missingInput: (422, "Missing input")
        case .missingOption: (422, "Missing option")
        case .invalidOption: (422, "Invalid option")
        case .unknownOption: (422, "Unknown option")
        case .unknownLayer: (422, "Unknown layer")
        case .unknownPreset: (422, "Unknown preset")
        case .rangeViolation: (422, "Value out of range")
        case .nonFiniteInput: (422, "Input not finite")
        case .nonFiniteResult: (422, "Result not finite")
        case .digestMismatch: (422, "Digest mismatch")
        case .dtypeUnsupported: (422, "Element type not supported")
        case .queueFull: (429, "Queue full")
        case .memoryBudget: (429, "Memory budget spent")
        case .headersTooLarge: (431, "Header fields too large")
        case .internalError: (500, "Internal error")
        case .notReady: (503, "Not ready")
        case .draining: (503, "Draining")
        case .deadlineExceeded: (504, "Deadline exceeded")
        }
    }
}
