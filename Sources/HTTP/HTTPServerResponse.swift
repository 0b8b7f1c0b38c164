// What a handler answers.

import HTTPTypes

/// A response. The server adds Date, Connection and Content-Length, whatever `fields` says of them.
public struct HTTPServerResponse: Sendable {
    /// A final status, 200…599.
    public var status: HTTPResponse.Status
    /// The header fields.
    public var fields: HTTPFields
    /// The whole body. It is not sent for HEAD, 204 and 304; for HEAD its length is.
    public var body: [UInt8]
    /// Whether the connection closes after this response.
    public var closesConnection: Bool

    /// A response.
    public init(
        status: HTTPResponse.Status, fields: HTTPFields = [:], body: [UInt8] = [],
        closesConnection: Bool = false
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.closesConnection = closesConnection
    }
}
