import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// POST /v1/losses with `maps`.
struct MapAnswerTests {
    let service: RunningService
    init() throws { service = try RunningService.shared.get() }

    private func post(
        _ query: String, accept: String? = nil, mask: Bool = false
    ) throws -> ClientResponse {
        var form = Sample.pair()
        if mask { form.add("mask", nil, Sample.png(5, colorType: 0)) }
        return try service.send(
            "POST", "/v1/losses?\(query)",
            [("Content-Type", form.contentType)] + (accept.map { [("Accept", $0)] } ?? []),
            form.body)
    }

    private func size(_ png: [UInt8]) throws -> (width: Int, height: Int) {
        let picture = try PNG.decode(png.span, pixelsMax: 1 << 20)
        #expect(picture.channels == 3)
        return (picture.width, picture.height)
    }

    @Test func `answers heat maps in JSON, with the value that white stands for`() throws {
        let answer = try post("maps=perceptual")
        let result = try #require((answer.json["results"] as? [[String: Any]])?.first)
        let maps = try #require(result["maps"] as? [String: [String: Any]])
        #expect(Set(maps.keys) == ["perceptual.pool1", "perceptual.pool2", "perceptual.pool3"])
        let pool2 = try #require(maps["perceptual.pool2"])
        let text = try #require(pool2["png"] as? String)
        let png = try #require(Data(base64Encoded: text))
        let picture = try PNG.decode([UInt8](png).span, pixelsMax: 1 << 20)
        #expect((picture.width, picture.height) == (5, 4))
        #expect(pool2["width"] as? Int == 5 && pool2["height"] as? Int == 4)
        #expect(try #require(pool2["max"] as? Double) > 0)
        // The largest value is white.
        guard case .uint8(let samples) = picture.samples else {
            Issue.record("not 8 bits")
            return
        }
        let pixels = stride(from: 0, to: samples.count, by: 3).map { Array(samples[$0..<$0 + 3]) }
        #expect(pixels.contains([255, 255, 255]))
    }

    @Test func `answers tensors whose mean is the loss`() throws {
        let answer = try post(
            "maps=perceptual_comp&maps_size=input", accept: "application/safetensors", mask: true)
        let file = try SafetensorsFile.parse(answer.body.span)
        #expect(try #require(file["map.perceptual_comp.pool3"]).shape == [1, 16, 20])
        #expect(try #require(file["map.perceptual_comp"]).shape == [1, 16, 20])
        let tap = try post("maps=pool1", accept: "application/safetensors")
        let tensors = try SafetensorsFile.parse(tap.body.span)
        let map = try #require(tensors["map.perceptual.pool1"])
        #expect(map.shape == [1, 8, 10])
        let values = try Elements.float32(map, of: tap.body.span)
        let json = try #require(tensors["json"])
        let text = String(decoding: tap.body[json.byteRange], as: UTF8.self)
        let mean = values.reduce(0) { $0 + Double($1) } / 80
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let result = try #require((object["results"] as? [[String: Any]])?.first)
        let layers = (result["perceptual"] as? [String: Any])?["layers"] as? [String: Double]
        #expect(abs(mean / (try #require(layers?["pool1"])) - 1) < 1e-6)
        // Gram terms have none there, and the answer says so.
        #expect(text.contains("\"code\":\"no_map\"") && text.contains("map of style"), "\(text)")
    }

    @Test func `answers one picture where one picture says it all`() throws {
        let layer = try post("maps=pool2", accept: "image/png")
        #expect(layer["content-type"] == "image/png")
        #expect(try size(layer.body) == (5, 4))
        #expect(try #require(Double(layer["x-map-maximum"] ?? "")) > 0)
        let term = try post("maps=perceptual&maps_size=input", accept: "image/png")
        #expect(try size(term.body) == (20, 16))
        let several = try post("maps=perceptual", accept: "image/png")
        #expect(several.code == "not_acceptable", "\(several.text)")
    }

    @Test func `shows the gradient`() throws {
        let answer = try post("gradient=output&maps=gradient,pool1")
        let file = try SafetensorsFile.parse(answer.body.span)
        let lengths = try Elements.float32(
            try #require(file["map.gradient"]), of: answer.body.span)
        let gradient = try Elements.float32(try #require(file["gradient"]), of: answer.body.span)
        #expect(lengths.count == 320 && file["map.perceptual.pool1"] != nil)
        for (pixel, length) in lengths.enumerated() {
            let squares = (0..<3).reduce(Float(0)) {
                $0 + gradient[$1 * 320 + pixel] * gradient[$1 * 320 + pixel]
            }
            #expect(abs(length - squares.squareRoot()) <= 1e-5 * squares.squareRoot())
        }
    }

    @Test(arguments: [
        "maps=style", "maps=relu1_1", "maps=gradient", "maps=pool1:2", "maps_size=input",
        "maps=perceptual_comp", "maps=pool1&maps_size=large", "preset=piq-style&maps=relu3_3",
    ])
    func `refuses what has no map`(query: String) throws {
        let answer = try post(query)
        #expect(answer.code == "invalid_option", "\(answer.text)")
    }
}
