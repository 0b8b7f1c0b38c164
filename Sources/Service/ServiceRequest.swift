import HTTP
import HTTPTypes

/// A request as its endpoint sees it.
struct ServiceRequest: Sendable {
    let id: String
    /// The header fields, without Host.
    let fields: HTTPFields
    /// The percent-decoded query parameters in order.
    let query: [(name: String, value: String)]
    /// The segments of the path that stand for `{…}` in the route's pattern, in order.
    let captures: [String]
    /// Whose request it is; nil when API keys are not asked for.
    let tenant: String?
    /// The whole body, without its transfer coding; empty for an immediate endpoint.
    var body: [UInt8] = []

    /// Bytes that reading the body takes beside it: of JSON, its texts and what they stand for in
    /// base64. The other forms are read where they lie.
    var readingBytes: Int {
        let type = fields[.contentType].flatMap { MediaType(contentType: $0) }
        return type == .json ? body.count.times(2) : 0
    }

    init(_ request: HTTPServerRequest, _ record: RequestRecord, captures: [String]) {
        id = record.id
        tenant = record.tenant
        fields = request.head.headerFields
        query = request.query
        self.captures = captures
    }
}
