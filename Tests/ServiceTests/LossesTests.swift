import Codecs
import Foundation
import Service
import TestSupport
import Testing

struct LossesTests {
    let service: RunningService
    /// Early and cheap: kernels of a debug build are slow.
    private let path = "/v1/losses?layers=pool1"

    init() throws { service = try RunningService.shared.get() }

    private func json(_ members: [String: Any]) throws -> ClientResponse {
        let body = try JSONSerialization.data(withJSONObject: members)
        return try service.send("POST", path, [("Content-Type", "application/json")], Array(body))
    }

    private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    @Test func `answers a pair with every layer, its weights and the options in force`() throws {
        let response = try service.post("/v1/losses", Sample.pair())
        #expect(response.status == 200)
        let answer = try response.json
        #expect(answer["preset"] as? String == "pconv")
        #expect(answer["id"] as? String == response["x-request-id"])
        let results = try #require(answer["results"] as? [[String: Any]])
        let style = try #require(results[0]["style"] as? [String: Any])
        let layers = try #require(style["layers"] as? [String: Double])
        #expect(Set(layers.keys) == ["pool1", "pool2", "pool3"])
        #expect(layers.values.allSatisfy { $0 > 0 })
        let loss = try #require(style["loss"] as? Double)
        #expect(abs(loss - layers.values.reduce(0, +)) <= 1e-12 * loss)
        // 120 for a network that is fed with 1/57.63 of what this one is.
        let weight = try #require(style["weight"] as? Double)
        #expect(abs(weight * 57.63 * 57.63 / 120 - 1) < 1e-12)
        #expect(
            response.text.contains(#""options":{"gram":"normalized","style_layers":{"pool1":1,"#))
        #expect(response["server-timing"]?.hasPrefix("queue;dur=") == true)
    }

    @Test func `gives exactly zero for identical images`() throws {
        let response = try service.post(path, Sample.pair(3, 3))
        let results = try #require(try response.json["results"] as? [[String: Any]])
        #expect(results[0]["total"] as? Double == 0)
    }

    @Test func `answers seven terms with a mask`() throws {
        var form = Sample.pair()
        form.add("mask", nil, Sample.png(5, colorType: 0))
        let response = try service.post(path, form)
        let results = try #require(try response.json["results"] as? [[String: Any]])
        let terms = [
            "pixel_valid", "pixel_hole", "perceptual", "perceptual_comp", "style", "style_comp",
            "tv",
        ]
        #expect(Set(results[0].keys) == Set(terms + ["total", "target_digest", "target_cached"]))
        #expect(response.text.contains(#""mask_polarity":"valid""#))
    }

    @Test func `gives the same bits for the same pixels in every kind of body`() throws {
        let shape = [16, 20, 3]
        let (a, b) = (Sample.bytes(1), Sample.bytes(2))
        let png = try service.post(path, Sample.pair())
        let npy = try service.post(
            path + "&layout=hwc",
            Form(
                ("output", nil, Sample.npy(shape, uint8: a)),
                ("target", "application/octet-stream", Sample.npy(shape, uint8: b))))
        let inJSON = try json([
            "output": ["png": base64(Sample.png(1))],
            "target": ["dtype": "uint8", "shape": shape, "data": base64(b)],
            "options": ["layout": "hwc"],
        ])
        let tensors = try service.send(
            "POST", path + "&layout=hwc&range=0..255",
            [("Content-Type", "application/x-safetensors")],
            SafetensorsFile.encode(
                [("output", shape, a.map(Float.init)), ("target", shape, b.map(Float.init))],
                metadata: [:]))
        let expected = try losses(png)
        #expect(try losses(npy) == expected)
        #expect(try losses(inJSON) == expected)
        // Floats take another way to [0, 1]: a rounding apart.
        for (float, exact) in zip(try losses(tensors), expected) {
            #expect(abs(float - exact) <= 1e-5 * exact)
        }
    }

    /// The total and each loss.
    private func losses(_ response: ClientResponse) throws -> [Double] {
        let results = try #require(
            try response.json["results"] as? [[String: Any]], "\(response.text)")
        return results.flatMap { result in
            [result["total"] as? Double ?? -1]
                + ["style", "perceptual"].map {
                    (result[$0] as? [String: Any])?["loss"] as? Double ?? -1
                }
        }
    }

    @Test func `gives the same bits to a batch and to its pairs alone`() throws {
        var batch = Form()
        var singles: [Double] = []
        for seed in 0..<3 {
            batch.add("output", "image/png", Sample.png(seed))
            batch.add("target", "image/png", Sample.png(seed + 10))
            singles += try losses(service.post(path, Sample.pair(seed, seed + 10)))
        }
        #expect(try losses(service.post(path, batch)) == singles)
    }

    @Test func `shares one target among all outputs, and takes samples of an array apart`() throws {
        let (a, b) = (Sample.bytes(1), Sample.bytes(2))
        let form = Form(
            ("output", nil, Sample.npy([2, 16, 20, 3], uint8: a + b)),
            ("target", "image/png", Sample.png(7)))
        let both = try losses(service.post(path + "&layout=nhwc", form))
        #expect(
            try both == losses(service.post(path, Sample.pair(1, 7)))
                + losses(service.post(path, Sample.pair(2, 7))))
    }

    @Test func `lets JSON options win over the query`() throws {
        var form = Sample.pair()
        form.add(
            "options", "application/json", Array(#"{"layers":{"relu1_1":0.5},"gram":"raw"}"#.utf8))
        let text = try service.post("/v1/losses?layers=pool1&gram=covariance", form).text
        #expect(
            text.contains(
                #""options":{"gram":"raw","style_layers":{"relu1_1":0.5},"perceptual_layers":{"relu1_1":0.5}"#
            ))
    }

    @Test func `reads a null in JSON as nothing said`() throws {
        var form = Sample.pair()
        form.add("options", "application/json", Array(#"{"gram":null,"layers":null}"#.utf8))
        let text = try service.post("/v1/losses?layers=pool1&gram=raw", form).text
        #expect(text.contains(#""options":{"gram":"raw","style_layers":{"pool1":1}"#), "\(text)")
    }

    @Test func `takes Gram losses of different sizes when no feature loss is asked for`() throws {
        let form = Form(
            ("output", nil, Sample.png(1)), ("target", nil, Sample.png(2, width: 24, height: 18)))
        let response = try service.post("/v1/losses?style_layers=relu1_1&perceptual_layers=", form)
        let results = try #require(
            try response.json["results"] as? [[String: Any]], "\(response.text)")
        #expect(results[0]["style"] != nil && results[0]["perceptual"] == nil)
    }

    @Test func `changes the factors of terms`() throws {
        let text = try service.post(path + "&term_weights=style:0,perceptual:2.5", Sample.pair())
            .text
        #expect(text.contains(#""weight":0,"layers""#))
        #expect(text.contains(#""weight":2.5,"layers""#))
    }

    @Test func `says how features were compared, and does it the other way when told`() throws {
        let same = try service.post(path, Sample.pair(3, 3)).text
        #expect(same.contains(#"},"precision":"difference"}"#), "\(same)")
        let plain = try service.post(path + "&precision=plain", Sample.pair(3, 3)).text
        #expect(plain.contains(#"},"precision":"plain"}"#), "\(plain)")
        let unlike = try service.post(path, Sample.pair()).text
        #expect(unlike.contains(#"},"precision":"plain"}"#), "\(unlike)")
        let forced = try service.post(path + "&precision=difference", Sample.pair())
        #expect(forced.text.contains(#"},"precision":"difference"}"#), "\(forced.text)")
        let (a, b) = (try losses(forced), try losses(service.post(path, Sample.pair())))
        for (a, b) in zip(a, b) { #expect(abs(a / b - 1) < 1e-5) }
    }

    @Test func `warns of alpha that it dropped`() throws {
        let form = Form(
            ("output", nil, Sample.png(1, colorType: 6)), ("target", nil, Sample.png(1)))
        let response = try service.post(path, form)
        let warnings = try #require(
            try response.json["warnings"] as? [[String: String]], "\(response.text)")
        #expect(
            warnings.map { $0["code"] } == ["rescaled_weights", "absent_terms", "alpha_dropped"])
        #expect(try losses(response)[0] == 0)
    }
}
