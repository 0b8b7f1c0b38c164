import Codecs
import Crypto
import Foundation
import Service
import TestSupport
import Testing

/// JPEG wherever PNG is, through the socket.
struct ImageFormatTests {
    private let service: RunningService

    init() throws { service = try RunningService.shared.get() }

    /// A file of jpeg.safetensors (Scripts/make-codec-fixtures.py) and the samples that Pillow reads
    /// in it, as a PNG.
    private static func pair(_ name: String) throws -> (jpeg: [UInt8], png: [UInt8]) {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("CodecsTests/Fixtures/jpeg.safetensors")
        let file = Array(try Data(contentsOf: path))
        let tensors = try SafetensorsFile.parse(file.span)
        let view = try #require(tensors[name])
        let jpeg = try #require(tensors["\(name).jpg"])
        let samples = Array(file[view.byteRange])
        let (height, width) = (view.shape[0], view.shape[1])
        let png = PNGBytes(width: width, height: height, bitDepth: 8, colorType: 2) { x, y, c in
            Int(samples[(y * width + x) * 3 + c])
        }
        return (Array(file[jpeg.byteRange]), png.encoded)
    }

    private func warnings(_ response: ClientResponse) throws -> [String] {
        let warnings = try response.json["warnings"] as? [[String: String]] ?? []
        return warnings.compactMap { $0["code"] }.filter {
            ["contradicted_type", "orientation_ignored", "irregular_jpeg"].contains($0)
        }
    }

    @Test func `gives a JPEG the losses of its samples as a PNG`() throws {
        let (jpeg, png) = try Self.pair("420-35x27")
        let target = try Self.pair("444-35x27")
        let expected = try service.post(
            "/v1/losses?layers=relu1_1", Form(("output", nil, png), ("target", nil, target.png)))
        #expect(expected.status == 200, "\(expected.text)")
        let forms = [
            Form(("output", nil, jpeg), ("target", nil, target.jpeg)),
            Form(("output", "image/jpeg", jpeg), ("target", "image/jpg", target.jpeg)),
            Form(("output", "application/octet-stream", jpeg), ("target", nil, target.png)),
        ]
        for form in forms {
            let response = try service.post("/v1/losses?layers=relu1_1", form)
            #expect(try losses(response) == losses(expected))
            #expect(try warnings(response).isEmpty)
        }
        let body = """
            {"output": {"jpeg": "\(Base64.encode(jpeg))"},
             "target": "data:image/jpeg;base64,\(Base64.encode(target.jpeg))",
             "options": {"layers": ["relu1_1"]}}
            """
        let json = try service.send(
            "POST", "/v1/losses", [("Content-Type", "application/json")], Array(body.utf8))
        #expect(try losses(json) == losses(expected))
    }

    /// The numbers without the digest, which is of the bytes sent.
    private func losses(_ response: ClientResponse) throws -> Double {
        let results = try #require(
            try response.json["results"] as? [[String: Any]], "\(response.text)")
        return try #require(results.first?["total"] as? Double)
    }

    @Test func `lets the first bytes decide, and warns where the declared type says otherwise`()
        throws
    {
        let (jpeg, png) = try Self.pair("420-35x27")
        let form = Form(("output", "image/png", jpeg), ("target", "image/webp", png))
        for _ in 0..<2 {  // The second time the target's statistics are kept.
            let response = try service.post("/v1/losses?layers=relu1_1", form)
            #expect(response.status == 200, "\(response.text)")
            #expect(try warnings(response) == ["contradicted_type", "contradicted_type"])
        }
    }

    @Test func `warns of an orientation that it does not apply`() throws {
        let (turned, _) = try Self.pair("orientation6")
        let (straight, _) = try Self.pair("orientation1")
        let form = Form(("output", nil, turned), ("target", nil, straight))
        let response = try service.post("/v1/losses?layers=relu1_1", form)
        #expect(try warnings(response) == ["orientation_ignored"])
        #expect(try losses(response) == 0)
    }

    @Test func `refuses a JPEG as a mask`() throws {
        let (jpeg, png) = try Self.pair("420-35x27")
        let response = try service.post(
            "/v1/losses", Form(("output", nil, png), ("target", nil, png), ("mask", nil, jpeg)))
        #expect(response.status == 415 && response.code == "unsupported_media_type")
        #expect(response.text.contains("The mask is a JPEG"))
    }

    @Test func `keeps a JPEG as a registered target`() throws {
        let (jpeg, _) = try Self.pair("444-35x27")
        // Where no other test has sent it.
        let service = try RunningService()
        let path = "/v1/targets/sha256:\(SHA256.hash(data: jpeg).hexadecimal)"
        let put = try service.send("PUT", path, [("Content-Type", "image/jpeg")], jpeg)
        #expect(put.status == 201, "\(put.text)")
        #expect(try put.json["type"] as? String == "image/jpeg")
        #expect(try put.json["shape"] as? [Int] == [27, 35, 3])
    }

    /// What the tests of Codecs do not see: that each reason has the status that it should.
    @Test func `tells a kind of JPEG that is not read from a damaged one`() throws {
        let (jpeg, png) = try Self.pair("420-35x27")
        let frame = try #require(
            jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        var deep = jpeg
        deep[frame + 4] = 12
        let cases: [([UInt8], Int, String)] = [
            (deep, 415, "12 bits"), (Array(jpeg.dropLast(2)), 422, "cut short"),
        ]
        for (output, status, words) in cases {
            let response = try service.post(
                "/v1/losses", Form(("output", nil, output), ("target", nil, png)))
            #expect(response.status == status && response.text.contains(words), "\(response.text)")
        }
    }
}
