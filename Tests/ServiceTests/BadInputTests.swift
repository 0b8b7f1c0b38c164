import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// A form and the refusal it deserves.
struct BadForm: Sendable, CustomTestStringConvertible {
    let name: String
    let query: String
    let parts: [(String, String?, [UInt8])]
    let status: Int
    let code: ErrorCode

    var testDescription: String { name }

    init(
        _ name: String, _ status: Int, _ code: ErrorCode, query: String = "",
        output: [UInt8]? = Sample.png(1), type: String? = nil, target: [UInt8]? = Sample.png(2),
        more: [(String, String?, [UInt8])] = []
    ) {
        self.name = name
        self.status = status
        self.code = code
        self.query = query
        parts =
            [output.map { ("output", type, $0) }, target.map { ("target", nil, $0) }].compactMap {
                $0
            } + more
    }

    static let good = Sample.png(1)
    static let shape = [3, 16, 20]
    static func floats(_ change: (inout [Float]) -> Void = { _ in }) -> [UInt8] {
        var values = Sample.floats(960, 1)
        change(&values)
        return NPY.encode(shape: shape, float32: values)
    }

    static let all: [BadForm] = [
        BadForm(
            "text declared a PNG", 422, .invalidImage, output: Array("hello".utf8),
            type: "image/png"),
        BadForm("text", 415, .unsupportedMediaType, output: Array("hello".utf8)),
        BadForm("empty part", 422, .invalidImage, output: []),
        BadForm("JPEG cut in its header", 422, .invalidImage, output: [0xFF, 0xD8, 0xFF, 0xE0]),
        BadForm(
            "text declared a JPEG", 422, .invalidImage, output: Array("hello".utf8),
            type: "image/jpeg"),
        BadForm("GIF", 415, .unsupportedMediaType, output: Array("GIF89a".utf8)),
        BadForm("cut PNG", 422, .invalidImage, output: Array(good.dropLast(20))),
        BadForm("PNG cut in its header", 422, .invalidImage, output: Array(good.prefix(20))),
        BadForm("wrong CRC", 422, .invalidImage, output: flipped(good, at: 45)),
        BadForm(
            "65535x65535", 413, .imageTooLarge,
            output: PNGBytes.signature + PNGBytes.header(width: 65535, height: 65535)),
        BadForm("sides too small", 422, .imageTooSmall, output: Sample.png(1, width: 15)),
        BadForm(
            "too small for a tap", 422, .imageTooSmall, query: "layers=pool5"),
        BadForm("sizes differ", 422, .shapeMismatch, target: Sample.png(2, width: 22)),
        BadForm(
            "mask of another size", 422, .shapeMismatch,
            more: [("mask", nil, Sample.png(1, width: 22))]),
        BadForm(
            "PNG mask with alpha", 422, .invalidImage,
            more: [("mask", nil, Sample.png(1, colorType: 6))]),
        BadForm(
            "npy mask with alpha", 422, .invalidTensor, query: "layout=hwc",
            more: [
                ("mask", nil, Sample.npy([16, 20, 4], uint8: [UInt8](repeating: 1, count: 1280)))
            ]),
        BadForm("no output", 422, .missingInput, output: nil),
        BadForm("no target", 422, .missingInput, target: nil),
        BadForm("two targets", 422, .shapeMismatch, more: [("target", nil, good)]),
        BadForm("unknown part", 400, .badRequest, more: [("outptu", nil, good)]),
        BadForm(
            "options twice", 400, .badRequest,
            more: [
                ("options", nil, Array("{\"gram\":\"raw\"}".utf8)),
                ("options", nil, Array("{}".utf8)),
            ]),
        BadForm(
            "options no JSON", 400, .badRequest, more: [("options", nil, Array("{gram:1}".utf8))]),
        BadForm("options a list", 400, .badRequest, more: [("options", nil, Array("[]".utf8))]),
        BadForm("unknown layer", 422, .unknownLayer, query: "layers=conv6_1"),
        BadForm("layer of VGG-19", 422, .unknownLayer, query: "layers=conv3_4"),
        BadForm("layer twice", 422, .invalidOption, query: "layers=pool1,pool1"),
        BadForm("layer without a number", 422, .invalidOption, query: "layers=pool1:x"),
        BadForm("layer with infinity", 422, .invalidOption, query: "layers=pool1:inf"),
        BadForm("unknown preset", 422, .unknownPreset, query: "preset=nothing"),
        BadForm("unknown option", 422, .unknownOption, query: "colour=red"),
        BadForm(
            "unknown option in JSON", 422, .unknownOption,
            more: [("options", nil, Array("{\"colour\":1}".utf8))]),
        BadForm("option twice", 400, .badRequest, query: "gram=raw&gram=raw"),
        BadForm("unknown gram", 422, .invalidOption, query: "gram=sum"),
        BadForm(
            "number for a word", 422, .invalidOption,
            more: [("options", nil, Array("{\"gram\":1}".utf8))]),
        BadForm("unknown term", 422, .invalidOption, query: "term_weights=content:1"),
        BadForm("term without a weight", 422, .invalidOption, query: "term_weights=style"),
        BadForm("unknown precision", 422, .invalidOption, query: "precision=double"),
        BadForm(
            "difference of correlations", 422, .invalidOption,
            query: "precision=difference&gram=correlation"),
        BadForm("no layout", 422, .missingOption, query: "range=0..1", output: floats()),
        BadForm("no range", 422, .missingOption, query: "layout=chw", output: floats()),
        BadForm("unknown range", 422, .invalidOption, query: "range=0..2", output: floats()),
        BadForm(
            "rank against layout", 422, .invalidTensor, query: "range=0..1&layout=nchw",
            output: floats()),
        BadForm(
            "channels against layout", 422, .invalidTensor, query: "range=0..1&layout=hwc",
            output: floats()),
        BadForm(
            "value out of range", 422, .rangeViolation, query: "range=0..1&layout=chw",
            output: floats { $0[7] = 1.001 }),
        BadForm(
            "NaN", 422, .nonFiniteInput, query: "range=0..1&layout=chw",
            output: floats { $0[7] = .nan }),
        BadForm(
            "infinity", 422, .nonFiniteInput, query: "range=0..1&layout=chw",
            output: floats { $0[7] = .infinity }),
        BadForm(
            "five dimensions", 422, .invalidTensor, query: "layout=nchw",
            output: Sample.npy([1, 1, 3, 16, 20], uint8: Sample.bytes(1))),
        BadForm(
            "no samples", 422, .invalidTensor, query: "layout=nchw",
            output: Sample.npy([0, 3, 16, 20], uint8: [])),
        BadForm(
            "npy one byte short", 422, .invalidTensor, query: "layout=hwc",
            output: Array(Sample.npy([16, 20, 3], uint8: Sample.bytes(1)).dropLast())),
        BadForm(
            "npy of int64 beyond a byte", 422, .rangeViolation, query: "layout=hwc",
            output: Sample.npy("<i8", [16, 20, 3], [0, 1] + [UInt8](repeating: 0, count: 7678))),
        BadForm("npy of objects", 422, .dtypeUnsupported, output: Sample.npy("|O", [1], [0])),
        BadForm(
            "npy shape that wraps", 422, .invalidTensor,
            output: Sample.npy(
                [5, 3_689_348_814_741_910_328], uint8: [UInt8](repeating: 0, count: 24))),
        BadForm(
            "33 outputs", 413, .batchTooLarge, more: (0..<32).map { _ in ("output", nil, good) }),
        BadForm(
            "unknown target_ref", 404, .targetNotFound, target: nil,
            more: [("target_ref", nil, Array("sha256:\(String(repeating: "0", count: 64))".utf8))]),
        BadForm(
            "target_ref no digest", 400, .badRequest, target: nil,
            more: [("target_ref", nil, Array("md5:00".utf8))]),
        BadForm(
            "target and target_ref", 400, .badRequest,
            more: [("target_ref", nil, Array("sha256:\(String(repeating: "0", count: 64))".utf8))]),
    ]

    private static func flipped(_ bytes: [UInt8], at index: Int) -> [UInt8] {
        var bytes = bytes
        bytes[index] ^= 1
        return bytes
    }
}

struct BadInputTests {
    let service: RunningService

    init() throws { service = try RunningService.shared.get() }

    private func expect(_ response: ClientResponse, _ status: Int, _ code: ErrorCode) throws {
        #expect(response.status == status, "\(response.text)")
        #expect(response.code == code.rawValue, "\(response.text)")
        #expect(code.status.code == status)
        let detail = try #require(try response.json["detail"] as? String)
        #expect(detail.hasSuffix(".") && detail.count > 20, "\(detail)")
        #expect(!detail.contains("/work") && !detail.contains("Optional("), "\(detail)")
    }

    @Test(arguments: BadForm.all) func `refuses with a status, a code and a sentence`(bad: BadForm)
        throws
    {
        var form = Form()
        for part in bad.parts { form.add(part.0, part.1, part.2) }
        try expect(try service.post("/v1/losses?\(bad.query)", form), bad.status, bad.code)
    }

    @Test func `goes on serving on the same connection after a refusal`() throws {
        let client = try SocketClient(port: service.port)
        let bad = Form(("output", nil, Array("x".utf8)))
        for form in [bad, Sample.pair(3, 3)] {
            try client.send(
                RunningService.request(
                    "POST", "/v1/losses?layers=relu1_1", [("Content-Type", form.contentType)],
                    form.body))
            let response = try #require(try client.readResponse())
            #expect(
                response.status == (form.body.count == bad.body.count ? 415 : 200),
                "\(response.text)")
        }
    }

    @Test(arguments: [
        ("{", 400), ("[]", 400), ("{\"output\":1,\"target\":1}", 400),
        ("{\"output\":{\"png\":\"A\"},\"target\":{}}", 400),
        ("{\"output\":{\"png\":\"iVBORw0K Ggo=\"}}", 400),
        ("{\"output\":{\"png\":\"data:image/png,AAAA\"}}", 400), ("{\"output\":\"a.png\"}", 400),
        ("{\"output\":\"data:image/png;base64,A\"}", 400),
        ("{\"output\":{\"png\":\"AAAA\",\"x\":1}}", 400), ("{\"image\":{\"png\":\"AAAA\"}}", 400),
        ("{\"output\":{\"dtype\":\"int8\",\"shape\":[1],\"data\":\"\"}}", 422),
        ("{\"output\":{\"dtype\":\"uint8\",\"shape\":[1.5],\"data\":\"\"}}", 422),
        ("{\"output\":{\"dtype\":\"uint8\",\"shape\":[1e400],\"data\":\"\"}}", 400),
        ("{\"output\":{\"dtype\":\"uint8\",\"shape\":[-1],\"data\":\"\"}}", 422),
        ("{\"output\":{\"dtype\":\"uint8\",\"shape\":[16,16],\"data\":\"AAAA\"}}", 422),
        ("{\"target\":{\"ref\":\"x\"}}", 400), ("{\"output\":[],\"target\":[]}", 422), ("{}", 422),
        ("{\"output\":{\"png\":\"AAAA\"},\"output\":{\"png\":\"AAAA\"}}", 400),
    ])
    func `refuses JSON that is malformed or means nothing`(text: String, status: Int) throws {
        let response = try service.send(
            "POST", "/v1/losses", [("Content-Type", "application/json")], Array(text.utf8))
        #expect(response.status == status, "\(response.text)")
    }

    @Test func `refuses JSON nested a hundred thousand deep`() throws {
        let body = Array(String(repeating: "[", count: 100_000).utf8)
        let response = try service.send(
            "POST", "/v1/losses", [("Content-Type", "application/json")], body)
        try expect(response, 400, .badRequest)
    }

    @Test(arguments: [
        "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=\(String(repeating: "b", count: 71))",
    ])
    func `refuses a form without its boundary`(type: String) throws {
        let response = try service.send(
            "POST", "/v1/losses", [("Content-Type", type)], Sample.pair().body)
        try expect(response, 400, .badRequest)
    }

    @Test func `refuses by the head alone`() throws {
        let body = Sample.pair().body
        let type = ("Content-Type", Sample.pair().contentType)
        try expect(try service.send("POST", "/v1/losses", [], body), 415, .unsupportedMediaType)
        try expect(
            try service.send("POST", "/v1/losses", [("Content-Type", "text/plain")], body), 415,
            .unsupportedMediaType)
        try expect(
            try service.send("POST", "/v1/losses", [type, ("Content-Encoding", "br")], body), 415,
            .unsupportedEncoding)
        for timeout in ["99", "600001", "abc", "-100", "1e3"] {
            try expect(
                try service.send(
                    "POST", "/v1/losses", [type, ("X-Request-Timeout-Ms", timeout)], body), 400,
                .badHeader)
        }
    }

    @Test func `maps faults of the protocol to codes`() throws {
        let cases: [(String, Int, ErrorCode)] = [
            ("GET / HTTP/1.1\r\n\r\n", 400, .badRequest),
            (
                "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: x\r\n\r\n", 414,
                .uriTooLong
            ),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 20_000))\r\n\r\n",
                431, .headersTooLarge
            ),
            (
                "POST /v1/losses HTTP/1.0\r\nContent-Type: application/json\r\n\r\n", 411,
                .lengthRequired
            ),
            (
                "POST /v1/losses HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: "
                    + "1\r\nContent-Type: application/json\r\n\r\n",
                417, .expectationFailed
            ),
            (
                "POST /v1/losses HTTP/1.1\r\nHost: x\r\nContent-Length: "
                    + "999999999999\r\nContent-Type: application/json\r\n\r\n",
                413, .bodyTooLarge
            ),
        ]
        for (text, status, code) in cases {
            let client = try SocketClient(port: service.port)
            try client.send(text)
            try expect(try #require(try client.readResponse()), status, code)
        }
    }

    @Test func `refuses a body that stands still with 408`() throws {
        let service = try RunningService("--body-idle-timeout-ms=50", "--header-timeout-ms=50")
        let client = try SocketClient(port: service.port)
        try client.send(
            "POST /v1/losses HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nContent-Type: "
                + "application/json\r\n\r\n{"
        )
        let response = try #require(try client.readResponse())
        try expect(response, 408, .requestTimeout)
        #expect(client.isClosedByServer())
    }
}
