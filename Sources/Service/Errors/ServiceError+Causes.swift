import Codecs
import HTTP
import Inference

/// From the errors of the leaves, which know nothing of statuses, to the codes of the API.
extension ServiceError {
    init(_ error: ImageError, role: String) {
        switch error.cause {
        case .tooManyPixels(let actual, let limit):
            self.init(
                .imageTooLarge, "\(role): \(error)", limit: limit, actual: actual,
                setting: .maxImagePixels)
        case .cancelled: self = .deadlineExceeded
        case .outOfMemory: self = .insufficientMemory
        case .unsupported: self.init(.unsupportedMediaType, "\(role): \(error)")
        case .invalid: self.init(.invalidImage, "\(role): \(error)")
        }
    }

    init(_ error: NPYError, role: String) {
        self.init(error.isUnsupportedType ? .dtypeUnsupported : .invalidTensor, "\(role): \(error)")
    }

    init(_ error: SafetensorsError) {
        self.init(error.isUnsupportedType ? .dtypeUnsupported : .invalidTensor, error.description)
    }

    init(_ error: ElementError, role: String) {
        switch error {
        case .notFinite: self.init(.nonFiniteInput, "\(role): \(error)")
        case .beyondFloat32, .notByte: self.init(.rangeViolation, "\(role): \(error)")
        case .cancelled: self = .deadlineExceeded
        }
    }

    /// - Parameter limit: the setting that limits the decoded body.
    init(_ error: ContentCodingError, limit: Setting<Int>) {
        switch error {
        case .tooLarge(let bytesMax):
            self.init(.bodyTooLarge, error.description, limit: bytesMax, setting: limit)
        case .truncated, .damaged, .trailingBytes: self.init(.badRequest, error.description)
        case .outOfMemory: self = .insufficientMemory
        case .cancelled: self = .deadlineExceeded
        }
    }

    init(_ error: Base64Error, role: String) {
        switch error {
        case .cancelled: self = .deadlineExceeded
        default: self.init(.badRequest, "\(role): \(error)")
        }
    }

    init(_ error: JSONSyntaxError) {
        guard !error.isCancellation else {
            self = .deadlineExceeded
            return
        }
        self.init(.badRequest, "The JSON is malformed: \(error).")
    }

    init(_ error: FeatureError) {
        switch error {
        case .invalidShape: self.init(.invalidTensor, error.description + ".")
        case .shapeMismatch: self.init(.shapeMismatch, error.description + ".")
        case .unknownLayer: self.init(.unknownLayer, error.description + ".")
        }
    }
}

extension ServiceError {
    init(_ error: MultipartError) {
        switch error {
        case .tooManyParts(let limit), .tooManyPartHeaders(let limit),
            .partHeaderTooLong(let limit), .partNameTooLong(let limit):
            self.init(.badRequest, error.description, limit: limit)
        case .cancelled: self = .deadlineExceeded
        default: self.init(.badRequest, error.description)
        }
    }

    init(_ error: InferenceError) {
        let sentence = Self.sentence(error.description)
        switch error {
        case .imageTooSmall(let minimum, _): self.init(.imageTooSmall, sentence, limit: minimum)
        case .shapeMismatch: self.init(.shapeMismatch, sentence)
        case .invalidTensor: self.init(.invalidTensor, sentence)
        case .missingImage: self.init(.missingInput, sentence)
        case .unknownLayer, .unlearnedLayer: self.init(.unknownLayer, sentence)
        // It begins with the name of a number, which is what it is.
        case .nonFiniteResult: self.init(.nonFiniteResult, error.description + ".")
        case .cancelled: self = .deadlineExceeded
        case .outOfMemory: self = .insufficientMemory
        }
    }

    private static func sentence(_ clause: String) -> String {
        clause.prefix(1).uppercased() + clause.dropFirst() + "."
    }

    init(_ error: HTTPProtocolError) {
        let sentence = error.description
        switch error {
        case .badRequest: self.init(.badRequest, sentence)
        case .headersTooLarge(let limit):
            self.init(.headersTooLarge, sentence, limit: limit, setting: .maxHeaderBytes)
        case .tooManyHeaders(let limit):
            self.init(.headersTooLarge, sentence, limit: limit, setting: .maxHeaders)
        case .uriTooLong(let limit):
            self.init(.uriTooLong, sentence, limit: limit, setting: .maxURIBytes)
        case .bodyTooLarge(let limit, let actual):
            self.init(.bodyTooLarge, sentence, limit: limit, actual: actual, setting: .maxBodyBytes)
        case .requestTimeout: self.init(.requestTimeout, sentence)
        case .lengthRequired: self.init(.lengthRequired, sentence)
        case .expectationFailed: self.init(.expectationFailed, sentence)
        case .tooManyConnections(let limit):
            self.init(.queueFull, sentence, limit: limit, setting: .maxConnections)
        case .crowdedOut(let limit):
            self.init(.queueFull, sentence, limit: limit, setting: .queueBytes)
        case .outOfMemory: self.init(.insufficientMemory, sentence)
        case .shuttingDown: self.init(.draining, sentence)
        }
    }
}
