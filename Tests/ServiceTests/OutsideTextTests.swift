import Codecs
import Service
import TestSupport
import Testing

/// One place where text from outside arrives, and what long text in it deserves.
struct OutsideText: Sendable, CustomTestStringConvertible {
    let name: String
    let status: Int
    let code: ErrorCode
    /// Bytes of text: as much as the place takes, 32 KB where nothing else limits it.
    var count = 32 << 10
    let request: @Sendable (_ text: String) -> Request

    struct Request {
        var method = "POST"
        var path = "/v1/losses"
        var type = "application/json"
        var fields: [(String, String)] = []
        var body: [UInt8] = []
    }

    var testDescription: String { name }

    static func json(_ body: String) -> Request { Request(body: Array(body.utf8)) }

    static func form(_ head: String, _ content: String = "x") -> Request {
        let body = "--b\r\nContent-Disposition: form-data; \(head)\r\n\r\n\(content)\r\n--b--\r\n"
        return Request(type: "multipart/form-data; boundary=b", body: Array(body.utf8))
    }

    static func tensors(_ header: String) -> Request {
        let length = (0..<8).map { UInt8(header.utf8.count >> (8 * $0) & 0xFF) }
        return Request(type: "application/safetensors", body: length + Array(header.utf8))
    }

    static let tensor = "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"

    static let all: [OutsideText] = [
        OutsideText(name: "JSON name", status: 400, code: .badRequest) { json("{\"\($0)\":1}") },
        OutsideText(name: "short JSON names", status: 400, code: .badRequest) { text in
            let names = stride(from: 0, to: 128, by: 1).map { "\"\(text.prefix(60))\($0)\":1" }
            return json("{\(names.joined(separator: ","))}")
        },
        OutsideText(name: "JSON value for an image", status: 400, code: .badRequest) {
            json("{\"output\":\"\($0)\"}")
        },
        OutsideText(name: "JSON base64", status: 400, code: .badRequest) {
            json("{\"output\":{\"png\":\"\($0)!\"}}")
        },
        OutsideText(name: "JSON dtype", status: 422, code: .dtypeUnsupported) {
            json("{\"output\":{\"dtype\":\"\($0)\",\"shape\":[],\"data\":\"\"}}")
        },
        OutsideText(name: "JSON reference", status: 400, code: .badRequest) {
            json("{\"target\":{\"ref\":\"\($0)\"}}")
        },
        OutsideText(name: "JSON option", status: 422, code: .invalidOption) {
            json("{\"options\":{\"gram\":\"\($0)\"}}")
        },
        OutsideText(name: "word of a loss", status: 422, code: .invalidLoss) {
            json(
                "{\"options\":{\"loss\":{\"terms\":[{\"key\":\"a\",\"layers\":{\"pool1\":1},"
                    + "\"distance\":{\"kind\":\"\($0)\"}}]}}}")
        },
        OutsideText(name: "JSON layers", status: 422, code: .invalidOption) {
            json("{\"options\":{\"layers\":[\"\($0)\"]}}")
        },
        OutsideText(name: "JSON option name", status: 400, code: .badRequest) {
            json("{\"options\":{\"\($0)\":1}}")
        },
        OutsideText(name: "safetensors name", status: 422, code: .invalidTensor) {
            tensors("{\"\($0)\":\(tensor)}")
        },
        OutsideText(name: "safetensors metadata key", status: 422, code: .invalidTensor) {
            tensors("{\"__metadata__\":{\"\($0)\":\"\"}}")
        },
        OutsideText(name: "safetensors metadata value", status: 422, code: .missingInput) {
            tensors("{\"__metadata__\":{\"a\":\"\($0)\"}}")
        },
        OutsideText(name: "safetensors dtype", status: 422, code: .dtypeUnsupported) {
            tensors("{\"a\":{\"dtype\":\"\($0)\",\"shape\":[0],\"data_offsets\":[0,0]}}")
        },
        OutsideText(name: "part name", status: 400, code: .badRequest, count: 4000) {
            form("name=\"\($0)\"")
        },
        OutsideText(name: "disposition", status: 400, code: .badRequest, count: 4000) {
            form("\($0)=x")
        },
        OutsideText(name: "target_ref", status: 400, code: .badRequest) {
            form("name=target_ref", $0)
        },
        OutsideText(name: "options part", status: 400, code: .badRequest) {
            form("name=options", $0)
        },
        OutsideText(name: "part type", status: 415, code: .unsupportedMediaType, count: 3600) {
            form("name=output\r\nContent-Type: image/\($0)")
        },
        OutsideText(name: "Content-Type", status: 415, code: .unsupportedMediaType, count: 12000) {
            Request(type: $0, body: [1])
        },
        OutsideText(name: "subtype", status: 415, code: .unsupportedMediaType, count: 12000) {
            Request(type: "image/\($0)", body: [1])
        },
        OutsideText(
            name: "Content-Encoding", status: 415, code: .unsupportedEncoding, count: 12000
        ) {
            Request(fields: [("Content-Encoding", $0)], body: [1])
        },
        OutsideText(name: "Accept", status: 406, code: .notAcceptable, count: 6000) { text in
            var request = form("name=image", "")
            request.path = "/v1/gram"
            request.fields = [("Accept", "\(text), \(text)/*")]
            request.body = Form(("image", nil, Sample.png(1))).body
            request.type = Form().contentType
            return request
        },
        OutsideText(name: "query name", status: 422, code: .unknownOption, count: 2500) { text in
            var request = form("name=output")
            request.path += "?\(encoded(text))=1"
            return request
        },
        OutsideText(name: "query value", status: 422, code: .invalidOption, count: 2500) { text in
            var request = form("name=output")
            request.path += "?gram=\(encoded(text))"
            return request
        },
        OutsideText(name: "path", status: 404, code: .notFound, count: 2500) {
            Request(method: "GET", path: "/v1/\(encoded($0))")
        },
        OutsideText(name: "digest in the path", status: 400, code: .badRequest, count: 2500) {
            Request(method: "GET", path: "/v1/targets/\(encoded($0))")
        },
    ]

    static func encoded(_ text: String) -> String {
        text.utf8.map { "%" + String($0, radix: 16) }.joined()
    }
}

/// Combining marks out of order, and flags, take `String` time quadratic in their number to
/// compare or to walk: seconds for 32 KB, minutes for a megabyte. Where nothing treats them as
/// text, they get the answer that ASCII of the same length gets.
struct OutsideTextTests {
    @Test(arguments: OutsideText.all)
    func `answers long text as it answers ASCII`(place: OutsideText) throws {
        let service = try RunningService.shared.get()
        for piece in ["a", "\u{301}\u{323}", "\u{1F1E6}", "e\u{301}"] {
            let text = String(repeating: piece, count: place.count / piece.utf8.count)
            let request = place.request(text)
            let response = try service.send(
                request.method, request.path,
                (request.body.isEmpty ? [] : [("Content-Type", request.type)]) + request.fields,
                request.body)
            #expect(response.status == place.status, "\(response.text)")
            #expect(response.code == place.code.rawValue)
            #expect(response.body.count < 2000)
        }
    }
}
