import HTTP
import HTTPTypes

/// Who may ask for what.
struct AccessControl: Sendable {
    /// Who may ask at a route.
    enum Policy: Sendable {
        /// Anybody: health, and what is the same for everybody.
        case open
        /// Anybody under a name of this service; with `metrics-need-key` those who have a key.
        case metrics
        /// Under a name of this service, and where keys are set with one of them.
        case key
    }

    private let keys: APIKeysFile?
    private let hosts: AllowedHosts
    private let metricsNeedKey: Bool
    /// Pages that may ask from elsewhere.
    let crossOrigins: CrossOrigins

    init(_ configuration: Configuration) {
        keys = configuration[.apiKeysFile]
        hosts = configuration[.allowedHosts]
        metricsNeedKey = configuration[.metricsNeedKey]
        crossOrigins = configuration[.crossOrigins]
    }

    /// The name of the key that a request comes with; nil where none is asked for.
    ///
    /// - Throws: 421, 403 or 401.
    func tenant(
        of request: HTTPServerRequest, _ policy: Policy
    ) throws(ServiceError) -> String? {
        guard policy != .open else { return nil }
        try checkNames(request)
        guard let keys, policy == .key || metricsNeedKey else { return nil }
        let fields = request.head.headerFields
        guard let credentials = fields[.authorization] else {
            throw Self.unauthorized("Send an API key: Authorization: Bearer KEY.", nil)
        }
        guard let key = Self.bearer(credentials), let name = keys.keys.name(of: key) else {
            throw Self.unauthorized(
                "The Authorization field has no key that is known here.", "invalid_token")
        }
        return name
    }

    /// A Unix socket is out of the reach of any page.
    private func checkNames(_ request: HTTPServerRequest) throws(ServiceError) {
        guard request.client != .unix else { return }
        guard hosts.allows(host: request.head.authority) else {
            throw ServiceError(
                .misdirectedRequest,
                "The service does not answer under this host; allowed-hosts says under which.")
        }
        let origin = request.head.headerFields[.origin]
        guard crossOrigins.allows(origin) || hosts.allows(origin: origin) else {
            throw ServiceError(
                .forbiddenOrigin,
                "Pages of this origin may not ask here; cors-origins says which may.")
        }
    }

    /// RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
    private static func bearer(_ credentials: String) -> Substring.UTF8View? {
        let bytes = credentials.utf8
        let scheme = bytes.prefix { $0 != UInt8(ascii: " ") }
        guard ASCII.equals(scheme, "bearer") else { return nil }
        return bytes.dropFirst(scheme.count).drop { $0 == UInt8(ascii: " ") }
    }

    /// With its challenge (RFC 9110 §11.6.1, RFC 6750 §3).
    private static func unauthorized(_ sentence: String, _ reason: String?) -> ServiceError {
        var error = ServiceError(.unauthorized, sentence)
        error.fields[.wwwAuthenticate] =
            #"Bearer realm="styleloss""# + (reason.map { #", error="\#($0)""# } ?? "")
        return error
    }
}
