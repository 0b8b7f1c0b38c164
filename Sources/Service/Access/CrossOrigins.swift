import HTTP
import HTTPTypes

/// The origins whose pages may ask and read the answers: the CORS protocol of the Fetch standard
/// (§3.2). Without any, which is the default, a browser keeps answers from pages of other origins.
struct CrossOrigins: Sendable, Equatable {
    static let none = CrossOrigins(origins: [])

    /// In lower case, as browsers write them; `*` stands for every origin.
    let origins: [String]

    /// The header fields of requests that a page may set, beside those it always may.
    private static let requestFields =
        "authorization, content-encoding, content-type, traceparent, x-request-id, "
        + "x-request-timeout-ms"
    /// The header fields of answers that a page may read, beside those it always may.
    private static let answerFields = "retry-after, server-timing, x-request-id"
    /// How long a browser may remember what it was told.
    private static let maxAgeSeconds = 600

    /// Reads one origin, `https://app.example:8443` or `*`.
    static func origin(_ text: String) -> String? {
        if text == "*" { return text }
        let bytes = text.utf8.map(ASCII.lowercased)
        for scheme in ["http://", "https://"] where bytes.starts(with: scheme.utf8) {
            let authority = bytes.dropFirst(scheme.utf8.count)
            let isPlain = authority.allSatisfy { byte in
                ASCII.isLetter(byte) || ASCII.isDigit(byte) || "-._:[]".utf8.contains(byte)
            }
            return isPlain && !authority.isEmpty ? String(decoding: bytes, as: UTF8.self) : nil
        }
        return nil
    }

    func allows(_ origin: String?) -> Bool {
        guard let origin, !origins.isEmpty else { return false }
        return origins.contains { $0 == "*" || ASCII.equals(origin.utf8, $0) }
    }

    /// What every answer says of its readers. `Vary` stands there whoever asks, as a cache may
    /// answer the next one with it.
    func mark(_ fields: inout HTTPFields, for origin: String?) {
        guard !origins.isEmpty else { return }
        fields[.vary] = fields[.vary].map { "\($0), Origin" } ?? "Origin"
        guard let origin, allows(origin) else { return }
        fields[.accessControlAllowOrigin] = origin
        fields[.accessControlExposeHeaders] = Self.answerFields
    }

    /// What the answer to a preflight says beside that.
    func markPreflight(_ fields: inout HTTPFields, _ request: HTTPFields, methods: String) {
        guard request[.accessControlRequestMethod] != nil, allows(request[.origin]) else { return }
        fields[.accessControlAllowMethods] = methods
        fields[.accessControlAllowHeaders] = Self.requestFields
        fields[.accessControlMaxAge] = "\(Self.maxAgeSeconds)"
    }
}
