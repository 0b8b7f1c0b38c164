import HTTPTypes

/// Field names that swift-http-types does not name. A literal name is a token, so none of them is
/// ever nil.
extension HTTPField.Name {
    static let xRequestID = named("X-Request-Id")
    static let xRequestTimeoutMs = named("X-Request-Timeout-Ms")
    static let serverTiming = named("Server-Timing")
    /// Open Inference Protocol v2, binary tensor data extension.
    static let inferenceHeaderContentLength = named("Inference-Header-Content-Length")
    static let referrerPolicy = named("Referrer-Policy")
    static let mapMaximum = named("X-Map-Maximum")
    static let traceparent = named("traceparent")

    private static func named(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else {
            preconditionFailure("\(name) is no field name")
        }
        return name
    }
}
