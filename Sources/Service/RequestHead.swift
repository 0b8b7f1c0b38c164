import HTTP
import HTTPTypes

/// What the head of a request with a body says, and whether it may.
enum RequestHead {
    /// The deadlines a client may ask for.
    private static let timeoutsMs = 100...600_000

    /// Refuses what needs no look at the body.
    static func check(_ request: HTTPServerRequest, mediaTypes: [MediaType]) throws(ServiceError) {
        let fields = request.head.headerFields
        _ = try timeoutMs(request)
        if let coding = fields[.contentEncoding], coding.trimmed().lowercased() != "identity" {
            throw ServiceError(
                .unsupportedEncoding, "Send the body without a Content-Encoding.")
        }
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

    /// The deadline the client sets, in milliseconds; nil when it sets none.
    static func timeoutMs(_ request: HTTPServerRequest) throws(ServiceError) -> Int? {
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

    /// Content-Length, 0 without a body, nil when chunked: what `HTTPHandler.admit` was told.
    static func declaredBodyBytes(_ request: HTTPServerRequest) -> Int? {
        let fields = request.head.headerFields
        if fields[.transferEncoding] != nil { return nil }
        return fields[.contentLength].flatMap { Int($0) } ?? 0
    }
}
