import Codecs
import HTTP
import HTTPTypes

extension HTTPServerResponse {
    /// A response with a body of the media type given.
    init(status: HTTPResponse.Status = .ok, type: String, body: [UInt8]) {
        var fields = HTTPFields()
        fields[.contentType] = type
        self.init(status: status, fields: fields, body: body, closesConnection: false)
    }

    /// A response with a JSON body, and a newline behind it for those who read it in a terminal.
    init(status: HTTPResponse.Status = .ok, type: String = "application/json", _ json: JSON) {
        self.init(status: status, type: type, json, checking: {})
    }

    /// The same, of a value that may be long.
    /// - Throws: what `check` throws, which is asked again and again.
    init<Failure: Error>(
        status: HTTPResponse.Status = .ok, type: String = "application/json", _ json: JSON,
        checking check: () throws(Failure) -> Void
    ) throws(Failure) {
        let text = try json.encode(checking: check)
        self.init(status: status, type: type, body: text + [UInt8(ascii: "\n")])
    }
}
