import HTTP
import HTTPTypes

/// A request as its endpoint sees it.
package struct ServiceRequest: Sendable {
    let id: String
    /// The header fields, without Host.
    let fields: HTTPFields
    /// The percent-decoded query parameters in order.
    let query: [(name: String, value: String)]
    /// The segments of the path that stand for `{…}` in the route's pattern, in order.
    let captures: [String]
    /// Whose request it is; nil when API keys are not asked for.
    let tenant: String?
    /// The whole body, without its transfer coding; empty for an immediate endpoint. A job's
    /// endpoint sees it without its content coding too.
    var body: [UInt8] = []
    /// What books the memory that reading the body takes; nothing for an immediate endpoint.
    var intake = Intake(charge: { _ in }, isCancelled: { false })

    init(_ request: HTTPServerRequest, _ record: RequestRecord, captures: [String]) {
        id = record.id
        tenant = record.tenant
        fields = request.head.headerFields
        query = request.query
        self.captures = captures
    }
}
