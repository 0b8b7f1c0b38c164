import Codecs
import Crypto
import Foundation
import Service
import TestSupport
import Testing

/// What POST /v1/gram answers, sent back as a target.
struct StatisticsTargetTests {
    private let service: RunningService
    init() throws { service = try RunningService.shared.get() }

    private static let layers = "relu1_1,pool1,relu2_1"
    private let style = "/v1/losses?perceptual_layers=&style_layers=\(layers)"

    /// Losses of means and deviations, of means, and of a matrix without a name.
    private static let definitions = [
        #"{"kind":"mean_deviation","eps":1e-4,"unbiased":true}"#, #"{"kind":"mean"}"#,
        #"{"kind":"gram","normaliser":"hw","scale":0.5}"#,
        #"{"kind":"gram","normaliser":"deviations","centred":true}"#,
    ].map {
        #"{"terms":[{"key":"style","layers":{"relu1_1":1,"pool2":0.5},"statistic":\#($0),"distance":{"kind":"squared"}}]}"#
    }

    private func statistics(
        _ seeds: [Int], _ query: String = "layers=\(layers)", loss: String? = nil,
        accept: String = "application/json"
    ) throws -> [UInt8] {
        var form = Form()
        for seed in seeds { form.add("image", nil, Sample.png(seed)) }
        if let loss { form.add("loss", nil, Array(loss.utf8)) }
        let answer = try service.send(
            "POST", "/v1/gram?\(query)",
            [("Content-Type", form.contentType), ("Accept", accept)], form.body)
        #expect(answer.status == 200, "\(answer.text.prefix(400))")
        return answer.body
    }

    private func form(_ parts: (String, [UInt8])..., loss: String? = nil) -> Form {
        var form = Form(("output", nil, Sample.png(1)))
        for (name, body) in parts { form.add(name, nil, body) }
        if let loss { form.add("loss", nil, Array(loss.utf8)) }
        return form
    }

    private func total(_ answer: ClientResponse) throws -> Double {
        let results = try answer.json["results"] as? [[String: Any]]
        return try #require(results?.first?["total"] as? Double, "\(answer.text)")
    }

    @Test(arguments: ["target", "style_target"])
    func `they give the loss that their image gives`(role: String) throws {
        let expected = try total(service.post(style, form((role, Sample.png(2)))))
        let json = try service.post(style, form((role, statistics([2]))))
        #expect(try abs(total(json) / expected - 1) < 1e-13)
        #expect(json.text.contains(#""target_cached":false"#))
        let singles = try statistics([2], accept: "application/safetensors")
        #expect(singles.count < 140_000)
        let rounded = try service.post(style, form((role, singles)))
        #expect(try abs(total(rounded) / expected - 1) < 1e-6)
        let encoded = Data(singles).base64EncodedString()
        let output = Data(Sample.png(1)).base64EncodedString()
        let body =
            #"{"output":{"png":"\#(output)"},"\#(role)":{"safetensors":"\#(encoded)"}}"#
        let inline = try service.send(
            "POST", style, [("Content-Type", "application/json")], Array(body.utf8))
        #expect(try total(inline) == total(rounded))
    }

    @Test(arguments: definitions)
    func `a loss of one's own says which statistic is answered`(loss: String) throws {
        let kind =
            loss.contains("mean_deviation")
            ? "mean_deviation" : loss.contains("mean") ? "mean" : "gram"
        let given = try statistics([2], "statistic=\(kind)", loss: loss)
        let answer = try service.post("/v1/losses", form(("style_target", given), loss: loss))
        let expected = try total(
            service.post("/v1/losses", form(("style_target", Sample.png(2)), loss: loss)))
        #expect(try abs(total(answer) / expected - 1) < 1e-11, "\(kind)")
    }

    @Test func `means and deviations have their shapes`() throws {
        for (kind, shape) in [
            ("gram", [2, 64, 64]), ("mean", [2, 64]), ("mean_deviation", [2, 2, 64]),
        ] {
            let bytes = try statistics([1, 2], "layers=relu1_1&statistic=\(kind)")
            let json = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            #expect(json?["statistic"] as? String == kind)
            let layer = (json?["layers"] as? [String: [String: Any]])?["relu1_1"]
            #expect(layer?["shape"] as? [Int] == shape)
            #expect((layer?["data"] as? [Double])?.count == shape.reduce(1, *))
            let origin = try #require(json?["origin"] as? [String: Any])
            #expect(origin["sizes"] as? [[Int]] == [[16, 20], [16, 20]])
            #expect((origin["statistic"] as? [String: Any])?["kind"] as? String == kind)
            let tensors = try statistics(
                [1, 2], "layers=relu1_1&statistic=\(kind)", accept: "application/safetensors")
            let file = try SafetensorsFile.parse(tensors.span)
            #expect(file["\(kind).relu1_1"]?.shape == shape)
            #expect(file.metadata["statistic"]?.string == kind && file.metadata["origin"] != nil)
        }
        let refused = try service.post(
            "/v1/gram?layers=relu1_1&statistic=mean&gram=raw", Sample.image)
        #expect(refused.code == "invalid_option", "\(refused.text)")
    }

    @Test func `several are blended, from one file or from several`() throws {
        let query = "\(style)&target_weights=0.25,0.75"
        let expected = try total(
            service.post(
                query, form(("style_target", Sample.png(2)), ("style_target", Sample.png(3)))))
        let one = try service.post(query, form(("style_target", statistics([2, 3]))))
        let two = try service.post(
            query, form(("style_target", statistics([2])), ("style_target", statistics([3]))))
        #expect(try abs(total(one) / expected - 1) < 1e-12)
        #expect(try total(one) == total(two))
        let mixed = try service.post(
            query, form(("style_target", statistics([2])), ("style_target", Sample.png(3))))
        #expect(mixed.code == "unsupported_media_type", "\(mixed.text)")
    }

    @Test func `style from statistics stands beside content from an image`() throws {
        let path = "/v1/losses?perceptual_layers=relu2_1&style_layers=\(Self.layers)"
        let images = try service.post(
            path, form(("target", Sample.png(3)), ("style_target", Sample.png(2))))
        let both = try service.post(
            path, form(("target", Sample.png(3)), ("style_target", statistics([2]))))
        #expect(try abs(total(both) / total(images) - 1) < 1e-13)
    }

    @Test func `the gradient is that of the image's style`() throws {
        func gradient(_ target: [UInt8]) throws -> [Float] {
            let form = form(("style_target", target))
            let answer = try service.send(
                "POST", "\(style)&gradient=output",
                [("Content-Type", form.contentType), ("Accept", "application/safetensors")],
                form.body)
            let file = try SafetensorsFile.parse(answer.body.span)
            return try Elements.float32(try #require(file["gradient"]), of: answer.body.span)
        }
        let (known, seen) = try (gradient(statistics([2])), gradient(Sample.png(2)))
        let largest = seen.map(abs).max() ?? 0
        let worst = zip(known, seen).map { abs($0 - $1) }.max() ?? 1
        #expect(largest > 0 && worst <= 1e-6 * largest, "\(worst) of \(largest)")
    }

    @Test func `they can be registered and named`() throws {
        let service = try RunningService()
        for accept in ["application/safetensors", "application/json"] {
            let given = try statistics([2], accept: accept)
            let digest = SHA256.hash(data: given).map { String(format: "%02x", $0) }.joined()
            let path = "/v1/targets/sha256:\(digest)"
            let stored = try service.send("PUT", path, [("Content-Type", accept)], given)
            #expect(stored.status == 201, "\(stored.text)")
            #expect(
                stored.text.contains(#""bytes":\#(given.count),"type":"\#(accept)","shape":[1]"#))
            #expect(try service.get(path).status == 200)
            var form = Form(("output", nil, Sample.png(1)))
            form.add("style_target_ref", nil, Array("sha256:\(digest)".utf8))
            let named = try service.post(style, form)
            #expect(named.text.contains(#""target_cached":true"#), "\(named.text)")
            let sent = try service.post(style, self.form(("style_target", given)))
            #expect(try total(named) == total(sent))
            #expect(try service.send("DELETE", path).status == 204)
        }
        let stray = Array(#"{"layers":{}}"#.utf8)
        let digest = SHA256.hash(data: stray).map { String(format: "%02x", $0) }.joined()
        let refused = try service.send(
            "PUT", "/v1/targets/sha256:\(digest)", [("Content-Type", "application/json")], stray)
        #expect(refused.code == "invalid_tensor", "\(refused.text)")
    }

    /// Statistics with something in their text replaced.
    private func edited(_ old: String, _ new: String) throws -> [UInt8] {
        let text = String(decoding: try statistics([2], "layers=relu1_1"), as: UTF8.self)
        #expect(text.contains(old), "\(text.prefix(600))")
        return Array(text.replacingOccurrences(of: old, with: new).utf8)
    }

    @Test func `what does not fit is refused by name`() throws {
        let one = "/v1/losses?perceptual_layers=&style_layers=relu1_1"
        let given = try statistics([2], "layers=relu1_1")
        #expect(try service.post(one, form(("style_target", given))).status == 200)
        for (query, code, words) in [
            ("&gram=raw", "statistics_mismatch", "compares {"),
            ("&pyramid=2", "statistics_mismatch", "asks for 2 sizes"),
            ("&resize=short_side:32&enlarge=true", "statistics_mismatch", "would bring it to"),
            ("&precision=difference", "missing_input", "precision difference"),
        ] {
            let answer = try service.post(one + query, form(("style_target", given)))
            #expect(answer.code == code, "\(query): \(answer.text)")
            #expect(answer.text.contains(words), "\(answer.text)")
        }
        for (path, name, words) in [
            (style, "style_target", "layer pool1, of which the statistics"),
            ("/v1/losses?layers=relu1_1", "target", "position by position"),
            ("/v1/losses?layers=relu1_1", "perceptual_target", "has no target"),
        ] {
            let answer = try service.post(path, form((name, given)))
            #expect(answer.code == "missing_input", "\(answer.text)")
            #expect(answer.text.contains(words), "\(answer.text)")
        }
        var masked = form(("target", given), ("style_target", given))
        masked.add("mask", nil, Sample.png(3, colorType: 0))
        let pixels = try service.post(one, masked)
        #expect(pixels.code == "missing_input" && pixels.text.contains("compares pixels"))
    }

    @Test func `files that are no such answer are refused by what is wrong with them`() throws {
        let one = "/v1/losses?perceptual_layers=&style_layers=relu1_1"
        let features = SafetensorsFile.encode(
            [("features.x", [1, 4, 2, 2], (0..<16).map(Float.init))], metadata: [:])
        let foreign = try service.send(
            "POST", "/v1/gram?layout=nchw", [("Content-Type", "application/safetensors")], features)
        for (file, code, words) in [
            (try edited(#""sha256":"36"#, #""sha256":"63"#), "weights_mismatch", "other weights"),
            (try edited("103.939", "104"), "statistics_mismatch", "104"),
            (
                try edited(#""rounding":"floor""#, #""rounding":"ceil""#), "statistics_mismatch",
                "ceil"
            ),
            (try edited("\"relu1_1\"", "\"relu2_1\""), "shape_mismatch", "64 channels at relu2_1"),
            (try edited("\"relu1_1\"", "\"relu9_1\""), "unknown_layer", "relu9_1"),
            (try edited("[[16,20]]", "[[16,20],[16,20]]"), "invalid_tensor", "shape"),
            (try edited("[[16,20]]", "[[16,0]]"), "invalid_tensor", "origin.sizes"),
            (try edited(#""kind":"gram""#, #""kind":"gaussian""#), "invalid_tensor", "origin."),
            (try edited(#""input":"#, #""output":"#), "invalid_tensor", "origin.input is missing"),
            (try edited(#""origin":"#, #""orogin":"#), "invalid_tensor", "origin and layers"),
            (try edited("\"data\":[", "\"data\":[1,"), "invalid_tensor", "other numbers"),
            (foreign.body, "invalid_tensor", "origin and layers"),
            (features, "invalid_tensor", "no metadata"),
            (Array("{".utf8), "bad_request", "malformed"),
        ] {
            let answer = try service.post(one, form(("style_target", file)))
            #expect(answer.code == code, "\(words): \(answer.text)")
            #expect(answer.text.contains(words), "\(answer.text)")
        }
        let stray = try service.post(
            "/v1/losses", Form(("output", nil, try statistics([2])), ("target", nil, Sample.png(2)))
        )
        #expect(stray.code == "unsupported_media_type", "\(stray.text)")
    }
}
