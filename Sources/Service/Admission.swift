import HTTP
import HTTPTypes

/// What the head of a request with a body says, and whether it may: judged before the body is read.
enum Admission {
    /// The deadlines a client may ask for.
    private static let timeoutsMs = 100...600_000

    /// - Throws: 415 for what this endpoint does not read.
    static func checkType(
        _ request: HTTPServerRequest, _ mediaTypes: [MediaType]
    ) throws(ServiceError) {
        let fields = request.head.headerFields
        _ = try BodyCoding.declared(fields)
        guard !mediaTypes.isEmpty else { return }
        let names = mediaTypes.map(\.essence).joined(separator: ", ")
        guard let field = fields[.contentType] else {
            // Bytes without a type are what they are (RFC 9110 §8.3).
            if mediaTypes.contains(.octetStream) { return }
            throw ServiceError(
                .unsupportedMediaType,
                "The request has no Content-Type, as that of curl -T has none; this path reads "
                    + "\(names): send files with curl -F, JSON with -H 'Content-Type: "
                    + "application/json'.")
        }
        let type = MediaType(contentType: field)
        guard let type, mediaTypes.contains(type) else {
            let hint =
                type?.essence == "application/x-www-form-urlencoded"
                ? ", as curl -d says it; send files with -F, bytes with --data-binary and their type"
                : ""
            throw ServiceError(
                .unsupportedMediaType,
                "The Content-Type \(Excerpt.quoted(field)) is not read here\(hint); this path reads "
                    + "\(names).")
        }
    }

    /// When the answer has to be out: as the client asks, else after the standard time.
    static func deadline(
        _ request: HTTPServerRequest, standardMs: Int
    ) throws(ServiceError) -> ContinuousClock.Instant {
        request.receivedAt + .milliseconds(try timeoutMs(request) ?? standardMs)
    }

    private static func timeoutMs(_ request: HTTPServerRequest) throws(ServiceError) -> Int? {
        guard let text = request.head.headerFields[.xRequestTimeoutMs] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text),
            timeoutsMs.contains(value)
        else {
            throw ServiceError(
                .badHeader,
                "X-Request-Timeout-Ms must be an integer from \(timeoutsMs.lowerBound) to "
                    + "\(timeoutsMs.upperBound), not \(Excerpt.quoted(text))."
            )
        }
        return value
    }

    /// - Throws: 413 for a declared length over the limit.
    static func checkLength(
        _ request: HTTPServerRequest, _ setting: Setting<Int>, _ configuration: Configuration
    ) throws(ServiceError) {
        let limit = configuration[setting]
        guard let length = request.framing.declaredBytes, length > limit else { return }
        var error = ServiceError(request.framing.tooLarge(limit: limit))
        error.setting = setting
        throw error
    }
}
