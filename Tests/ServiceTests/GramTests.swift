import Codecs
import Foundation
import Service
import TestSupport
import Testing

struct GramTests {
    let service: RunningService

    init() throws { service = try RunningService.shared.get() }

    private func gram(
        _ query: String, _ body: [UInt8], type: String = "application/safetensors",
        accept: String? = nil
    ) throws -> ClientResponse {
        let fields = [("Content-Type", type)] + (accept.map { [("Accept", $0)] } ?? [])
        return try service.send("POST", "/v1/gram?\(query)", fields, body)
    }

    private static let body = SafetensorsFile.encode(
        [("features.x", [4, 2, 3], (0..<24).map(Float.init))], metadata: [:])
    private static let expected: [Double] = [
        5, 14, 14, 50, 149, 212, 212, 302, 509, 626, 626, 770, 1085, 1256, 1256, 1454,
    ]

    @Test func `gives the matrices of the source article as JSON, safetensors and npy`() throws {
        let json = try gram("layout=matrix&gram=raw", Self.body)
        let layers = try #require(
            try json.json["layers"] as? [String: [String: Any]], "\(json.text)")
        #expect(layers["x"]?["data"] as? [Double] == Self.expected)
        #expect(layers["x"]?["shape"] as? [Int] == [4, 2, 2])

        let tensors = try gram(
            "layout=matrix&gram=raw", Self.body, accept: "application/safetensors")
        let file = try SafetensorsFile.parse(tensors.body.span)
        let view = try #require(file["gram.x"])
        #expect(try Elements.float64(view, of: tensors.body.span) == Self.expected)

        let npy = try gram(
            "layout=matrix&gram=raw", Self.body, accept: "application/x-npy, */*;q=0.1")
        #expect(npy["content-type"] == "application/x-npy")
        #expect(try Elements.float64(NPY.parse(npy.body.span), of: npy.body.span) == Self.expected)
    }

    @Test func `refuses forms it does not have, and npy for several layers`() throws {
        #expect(try gram("layout=matrix", Self.body, accept: "text/html").code == "not_acceptable")
        let two = SafetensorsFile.encode(
            [("features.x", [1, 1, 1], [1]), ("features.y", [1, 1, 1], [1])], metadata: [:])
        #expect(
            try gram("layout=matrix", two, accept: "application/x-npy").code == "not_acceptable")
        #expect(try gram("layout=matrix&layers=y", two, accept: "application/x-npy").status == 200)
        #expect(try gram("layout=matrix&layers=", two).code == "invalid_option")
    }

    @Test func `takes the features it answers, and agrees with the way from images`() throws {
        var form = Form()
        for seed in 1...2 { form.add("image", "image/png", Sample.png(seed)) }
        let features = try service.post("/v1/features?layers=relu1_1", form)
        #expect(features["content-type"] == "application/safetensors")
        let file = try SafetensorsFile.parse(features.body.span)
        #expect(file["features.relu1_1"]?.shape == [2, 64, 16, 20])
        #expect(file.metadata["layout"] == "nchw")
        #expect(file.metadata["preprocessing"] == "caffe")

        let direct = try matrix(service.post("/v1/gram?layers=relu1_1", form))
        let indirect = try matrix(gram("layout=nchw", features.body))
        #expect(direct.count == 2 * 64 * 64)
        let scale = direct.map(abs).max() ?? 0
        for (a, b) in zip(direct, indirect) { #expect(abs(a - b) <= 1e-5 * scale) }
    }

    private func matrix(_ response: ClientResponse) throws -> [Double] {
        let layers = try #require(
            try response.json["layers"] as? [String: [String: Any]], "\(response.text)")
        return try #require(layers["relu1_1"]?["data"] as? [Double])
    }

    @Test func `asks for an image, for one size and for a layout of features`() throws {
        let form = Form(("image", nil, Sample.png(1)), ("image", nil, Sample.png(1, width: 30)))
        #expect(try service.post("/v1/features?layers=relu1_1", form).code == "shape_mismatch")
        #expect(try service.post("/v1/gram?layers=relu1_1", form).status == 200)
        #expect(try service.post("/v1/features", Form()).code == "missing_input")
        #expect(try service.post("/v1/features?layers=", Sample.image).code == "invalid_option")
        #expect(
            try service.post("/v1/features?layers=pool5", Sample.image).code == "image_too_small")
        #expect(try gram("", Self.body).code == "missing_option")
        #expect(try service.post("/v1/features?gram=raw", Sample.image).code == "unknown_option")
    }
}

extension Sample {
    static let image = Form(("image", nil, png(1)))
}
