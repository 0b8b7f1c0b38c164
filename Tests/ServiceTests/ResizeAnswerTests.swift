import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// Resizing and pyramids as options of a loss.
struct ResizeAnswerTests {
    private let service: RunningService
    init() throws { service = try RunningService.shared.get() }

    private func result(_ answer: ClientResponse) throws -> [String: Any] {
        let results = try answer.json["results"] as? [[String: Any]]
        return try #require(results?.first, "\(answer.text)")
    }

    private func total(_ query: String, _ form: Form) throws -> Double {
        let result = try result(service.post("/v1/losses?\(query)", form))
        return try #require(result["total"] as? Double)
    }

    private func form(_ output: [UInt8], _ target: [UInt8]) -> Form {
        Form(("output", nil, output), ("target", nil, target))
    }

    private let large = Form(
        ("output", nil, Sample.png(1, width: 48, height: 40)),
        ("target", nil, Sample.png(2, width: 48, height: 40)))

    @Test func `images of other sizes become comparable`() throws {
        let unequal = form(Sample.png(1, width: 40, height: 32), Sample.png(2))
        #expect(try service.post("/v1/losses", unequal).code == "shape_mismatch")
        #expect(try total("resize=exact:16x20", unequal) > 0)
        // What would be enlarged stays as it is.
        #expect(try service.post("/v1/losses?resize=exact:64x64", unequal).code == "shape_mismatch")
        #expect(try total("resize=exact:64x64&enlarge=true", unequal) > 0)
    }

    @Test func `a mask goes with its images, also where it was of another size`() throws {
        var form = large
        form.add("mask", nil, Sample.png(3, width: 48, height: 40, colorType: 0))
        let small = try service.post("/v1/losses?resize=short_side:20", form)
        let filtered = try service.post(
            "/v1/losses?resize=short_side:20&resize_filter=area", form)
        #expect(small.status == 200 && small.text.contains("pixel_hole"), "\(small.text)")
        let keys = ["pixel_valid", "pixel_hole", "tv"]
        for key in keys { #expect(try result(small)[key] != nil && result(filtered)[key] != nil) }
        var other = large
        other.add("mask", nil, Sample.png(3, width: 96, height: 80, colorType: 0))
        #expect(try service.post("/v1/losses", other).code == "shape_mismatch")
        #expect(try service.post("/v1/losses?resize=short_side:20", other).status == 200)
        // Cubics overshoot, a mask does not.
        let cubic = "resize=exact:60x64&enlarge=true&resize_filter=bicubic&antialias=false"
        #expect(try service.post("/v1/losses?\(cubic)&pyramid=2", other).status == 200)
    }

    @Test func `a resize that would enlarge changes no bit and shares what is kept`() throws {
        let service = try RunningService()
        func post(_ query: String) throws -> ClientResponse {
            try service.post("/v1/losses?\(query)", Sample.pair(1, 53))
        }
        let plain = try post("")
        let kept = try post("resize=short_side:256")
        #expect(kept.text.contains(#""target_cached":true"#), "\(kept.text)")
        #expect(try result(kept)["total"] as? Double == result(plain)["total"] as? Double)
        let enlarged = try post("resize=short_side:64&enlarge=true")
        #expect(enlarged.text.contains(#""target_cached":false"#), "\(enlarged.text)")
        #expect(try result(enlarged)["total"] as? Double != result(plain)["total"] as? Double)
    }

    @Test(arguments: ["resize=short_side:20", "pyramid=2", "resize=max_side:40&pyramid=2"])
    func `a target is kept as large as it was compared`(query: String) throws {
        let service = try RunningService()
        func post(_ query: String) throws -> ClientResponse {
            try service.post("/v1/losses?\(query)", large)
        }
        _ = try post("")
        let first = try post(query)
        let again = try post(query)
        #expect(first.text.contains(#""target_cached":false"#), "\(first.text)")
        #expect(again.text.contains(#""target_cached":true"#), "\(again.text)")
        let fresh = first.results?.replacingOccurrences(of: "false", with: "true")
        #expect(fresh == again.results)
        #expect(try result(again)["total"] as? Double != result(post(""))["total"] as? Double)
    }

    @Test func `the losses of a pyramid are those of its levels, added`() throws {
        let whole = try service.post("/v1/losses", large)
        // Of even sides the mean of 2 × 2, which area resizing is too.
        let half = try service.post(
            "/v1/losses?resize=exact:20x24&resize_filter=area&antialias=false", large)
        let sum = try service.post("/v1/losses?pyramid=2", large)
        func losses(_ answer: ClientResponse) throws -> [Double] {
            let style = try #require(try result(answer)["style"] as? [String: Any])
            let layers = try #require(style["layers"] as? [String: Double])
            return try [
                #require(try result(answer)["total"] as? Double),
                #require(style["loss"] as? Double), #require(layers["pool2"]),
            ]
        }
        for ((whole, half), sum) in try zip(zip(losses(whole), losses(half)), losses(sum)) {
            #expect(abs(sum / (whole + half) - 1) < 1e-5)
        }
    }

    @Test(arguments: [
        "resize=short_side:20", "pyramid=2", "resize=exact:34x40&pyramid=2",
        "resize=exact:50x60&enlarge=true&resize_filter=lanczos",
    ])
    func `the gradient is the slope of the total`(query: String) throws {
        let count = 3 * 40 * 48
        let output = Sample.floats(count, 1).map { 0.2 + 0.6 * $0 }
        let step = Sample.floats(count, 3).map { ($0 - 0.5) * 1e-3 }
        func post(_ values: [Float], _ more: String) throws -> ClientResponse {
            let body = SafetensorsFile.encode(
                [
                    ("output", [1, 3, 40, 48], values),
                    ("target", [1, 3, 40, 48], Sample.floats(count, 2)),
                ], metadata: [:])
            return try service.send(
                "POST", "/v1/losses?layout=nchw&range=0..1&layers=relu2_1&\(query)\(more)",
                [("Content-Type", "application/safetensors"), ("Accept", "application/json")],
                body)
        }
        func total(_ sign: Float) throws -> Double {
            let answer = try post(zip(output, step).map { $0 + sign * $1 }, "")
            return try #require(try result(answer)["total"] as? Double)
        }
        let answer = try post(output, "&gradient=output&maps=gradient")
        let found = try result(answer)
        let gradient = try #require(found["gradient"] as? [String: Any], "\(answer.text)")
        #expect(gradient["shape"] as? [Int] == [3, 40, 48])
        let text = try #require(gradient["data"] as? String)
        let data = try #require(Data(base64Encoded: text))
        let values = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        let expected = zip(values, step).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        let slope = try (total(1) - total(-1)) / 2
        #expect(abs(slope / expected - 1) < 0.03, "\(slope) \(expected)")
    }

    @Test func `maps are of the layer at the size compared, or as large as the image sent`() throws
    {
        for (size, height, width) in [("tap", 10, 12), ("input", 40, 48)] {
            let answer = try service.post(
                "/v1/losses?resize=short_side:20&maps=pool1&maps_size=\(size)", large)
            let maps = try #require(try result(answer)["maps"] as? [String: Any], "\(answer.text)")
            let map = try #require(maps["perceptual.pool1"] as? [String: Any])
            #expect(map["height"] as? Int == height && map["width"] as? Int == width, "\(size)")
        }
    }

    @Test func `says what was done, in options that can be sent again`() throws {
        let query = "resize=max_side:40&resize_filter=bicubic&antialias=false&pyramid=2"
        let answer = try service.post("/v1/losses?\(query)", large)
        let options = try #require(try answer.json["options"] as? [String: Any])
        #expect(options["resize"] as? String == "max_side:40")
        #expect(options["resize_filter"] as? String == "bicubic")
        #expect(options["antialias"] as? Bool == false && options["enlarge"] as? Bool == false)
        #expect(options["pyramid"] as? Int == 2)
        #expect(
            try answer.json["changed"] as? [String]
                == ["resize", "resize_filter", "antialias", "pyramid"])
        let timings = try #require(try answer.json["timings_ms"] as? [String: Any])
        #expect(timings["resize"] is Double)
        let count = #"styleloss_job_stage_duration_seconds_count{stage="resize"}"#
        #expect(try service.metric(count) ?? 0 > 0)
        let plain = try service.post("/v1/losses", large)
        #expect(!plain.text.contains("resize") && !plain.text.contains("pyramid"))
    }

    @Test func `a definition is what the short options say`() throws {
        func post(_ sizes: String) throws -> ClientResponse {
            var form = large
            form.add(
                "loss", nil,
                Array(
                    #"{"terms":[{"key":"style","layers":{"relu2_1":1},"statistic":{"kind":"gram"}}],\#(sizes)}"#
                        .utf8))
            return try service.post("/v1/losses", form)
        }
        let own = try post(
            #""resize":{"to":"exact","height":34,"width":40,"filter":"area","antialias":false,"enlarge":false},"pyramid":2"#
        )
        #expect(own.status == 200, "\(own.text)")
        let plain = try post(#""resize":null,"pyramid":1"#)
        #expect(try result(own)["total"] as? Double != result(plain)["total"] as? Double)
        let loss = try #require(
            try (own.json["options"] as? [String: Any])?["loss"] as? [String: Any])
        let resize = try #require(loss["resize"] as? [String: Any])
        #expect(resize["to"] as? String == "exact" && resize["height"] as? Int == 34)
        for (sizes, place) in [
            (#""resize":{"to":"square"}"#, "loss.resize.to "),
            (#""resize":{"to":"exact","height":0}"#, "loss.resize.height "),
            (#""resize":{"side":20000}"#, "loss.resize.side "),
            (#""resize":{"to":"exact","side":20}"#, "loss.resize "),
            (#""resize":{"filter":"nearest"}"#, "loss.resize.filter "),
            (#""resize":"short_side:20""#, "loss.resize "),
            (#""pyramid":9"#, "loss.pyramid "),
        ] {
            let answer = try post(sizes)
            #expect(answer.code == "invalid_loss", "\(answer.text)")
            #expect(answer.text.contains("\"detail\":\"\(place)"), "\(answer.text)")
        }
    }

    @Test func `presets say their size, which short options change`() throws {
        let presets = try service.get("/v1/presets").text
        #expect(
            presets.contains(
                #""resize":{"to":"short_side","side":256,"filter":"bilinear","antialias":true,"enlarge":false},"pyramid":1"#
            ))
        let pair = form(
            Sample.png(1, width: 300, height: 270), Sample.png(2, width: 300, height: 270))
        // One layer: the others take long in a debug build.
        let options = "layers=relu1_2&any_weights=true"
        let small = try total("preset=dists-256&\(options)", pair)
        #expect(try total("preset=dists&resize=short_side:256&\(options)", pair) == small)
        #expect(try total("preset=dists-256&resize=none&\(options)", pair) != small)
    }

    @Test(arguments: [
        "resize=short_side:0", "resize=256", "resize=exact:16", "antialias=false",
        "resize_filter=area", "resize=max_side:20&resize_filter=cubic", "pyramid=0", "pyramid=9",
        "pyramid=2&maps=pool1", "enlarge=maybe&resize=max_side:20", "resize=short_side:16385",
        "resize=short_side:20:20", "preset=dists-256&any_weights=true&resize=none&antialias=true",
    ])
    func `refuses what is no size`(query: String) throws {
        let answer = try service.post("/v1/losses?\(query)", large)
        #expect(answer.code == "invalid_option", "\(query): \(answer.text)")
    }

    @Test func `holds images brought to size to the limits of those sent`() throws {
        let level = try service.post("/v1/losses?pyramid=2", Sample.pair())
        #expect(level.code == "image_too_small", "\(level.text)")
        #expect(level.text.contains("The image output, brought to size, is 10x8"))
        let small = try service.post("/v1/losses?resize=short_side:8", large)
        #expect(small.code == "image_too_small", "\(small.text)")
        let huge = try service.post(
            "/v1/losses?resize=short_side:16384&enlarge=true", Sample.pair())
        #expect(huge.code == "image_too_large", "\(huge.text)")
        let narrow = try RunningService("--max-memory-bytes=600000000")
        let hungry = try narrow.post(
            "/v1/losses?resize=short_side:4000&enlarge=true", Sample.pair())
        #expect(hungry.code == "batch_too_large", "\(hungry.text)")
        #expect(try narrow.post("/v1/losses", Sample.pair()).status == 200)
    }
}
