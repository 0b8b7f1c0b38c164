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
        guard let type = fields[.contentType].flatMap({ MediaType(contentType: $0) }) else {
            throw ServiceError(
                .unsupportedMediaType, "The request needs a Content-Type; this path reads \(names)."
            )
        }
        guard mediaTypes.contains(type) else {
            throw ServiceError(
                .unsupportedMediaType, "This Content-Type is not read here; send \(names).")
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
                    + "\(timeoutsMs.upperBound)."
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
