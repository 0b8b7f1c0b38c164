import Foundation
import Service
import TestSupport
import Testing

/// `gradient_dtype`, `cotangent` and `out_of_range`.
struct GradientOptionTests {
    let service: RunningService
    private static let shape = [2, 3, 16, 20]
    private static let path = "/v1/losses?layout=nchw&range=0..1&layers=pool1&gradient=output"
    private static let pair = [
        SentTensor("output", shape, seed: 1), SentTensor("target", shape, seed: 2),
    ]

    init() throws { service = try RunningService.shared.get() }

    @Test func `a half times its scale is the single, to eleven bits`() throws {
        let singles = try service.gradients(Self.path, Self.pair)
        let halves = try service.gradients(Self.path + "&gradient_dtype=float16", Self.pair)
        #expect(halves.types["gradient"] == .float16)
        #expect(halves.types["gradient_scale"] == .float64)
        #expect(halves.tensors["gradient"]?.shape == Self.shape)
        let (exact, rounded) = (try singles.values(), try halves.values())
        let scales = try halves.values("gradient_scale")
        #expect(scales.count == 2)
        #expect(scales.allSatisfy { $0.significand == 1 })
        for i in exact.indices {
            let scale = scales[i / 960]
            let error = abs(rounded[i] * scale - exact[i])
            #expect(error <= max(0x1p-11 * abs(exact[i]), 0x1p-25 * scale))
        }
        #expect(halves.options["gradient_dtype"] as? String == "float16")
        let norms = [singles, halves].map { $0.results.map { $0["gradient_norm"] as? Double } }
        #expect(norms[0] == norms[1])
    }

    @Test func `a half in JSON has its scale beside it`() throws {
        let response = try service.send(
            Self.path + "&gradient_dtype=float16", Self.pair, accept: "application/json")
        let halves = try service.gradients(Self.path + "&gradient_dtype=float16", Self.pair)
        let results = try #require(try response.json["results"] as? [[String: Any]])
        let scales = try halves.values("gradient_scale")
        for (result, scale) in zip(results, scales) {
            let array = try #require(result["gradient"] as? [String: Any])
            #expect(array["dtype"] as? String == "float16")
            #expect(array["scale"] as? Double == scale)
            let data = try #require((array["data"] as? String).flatMap { Data(base64Encoded: $0) })
            #expect(data.count == 2 * 960)
        }
    }

    @Test func `a cotangent multiplies its sample's gradient and nothing else`() throws {
        let plain = try service.gradients(Self.path, Self.pair)
        let times = try service.gradients(Self.path + "&cotangent=-0.5,0", Self.pair)
        let (one, other) = (try plain.values(), try times.values())
        #expect(Array(other[..<960]) == one[..<960].map { -0.5 * $0 })
        #expect(other[960...].allSatisfy { $0 == 0 })
        #expect(try plain.values("total") == times.values("total"))
        #expect(times.options["cotangent"] as? [Double] == [-0.5, 0])
        let norms = (plain.results + times.results).compactMap { $0["gradient_norm"] as? Double }
        try #require(norms.count == 4)
        // Foundation reads a number in JSON to its last digit but one.
        #expect(abs(norms[2] - norms[0] / 2) <= norms[0].ulp && norms[3] == 0)
    }

    @Test func `a cotangent may be a tensor, an npy part or a list in JSON`() throws {
        let query = try service.gradients(Self.path + "&cotangent=3,0.25", Self.pair)
        let tensor = try service.gradients(
            Self.path, Self.pair + [SentTensor("cotangent", [2], [3, 0.25])])
        #expect(try tensor.values() == query.values())
        let bytes = [3.0, 0.25].flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
        }
        let images = Form(
            ("output", "image/png", Sample.png(1)), ("output", "image/png", Sample.png(3)),
            ("target", "image/png", Sample.png(2)))
        let path = "/v1/losses?layers=pool1&gradient=output"
        var npy = images
        npy.add("cotangent", nil, Sample.npy("<f8", [2], bytes))
        var json = images
        json.add("options", "application/json", Array(#"{"cotangent": [3, 0.25]}"#.utf8))
        let ofNPY = try GradientAnswer(service.post(path, npy))
        let ofJSON = try GradientAnswer(service.post(path, json))
        let ones = try GradientAnswer(service.post(path, images))
        #expect(try ofNPY.values() == ofJSON.values())
        #expect(
            try ofNPY.values()
                == ones.values().enumerated().map { i, value in
                    Double(Float(value * (i < 960 ? 3 : 0.25)))
                })
    }

    private static func outside(_ path: String) -> String {
        path.replacingOccurrences(of: "range=0..1", with: "range=-1..1")
    }

    // 0..1 noise times 3, less 1.5: half of it outside -1..1, and some exactly at the ends.
    private static let wide = Sample.floats(1920, 1).map {
        abs($0 - 0.5) < 0.02 ? 1 : 3 * $0 - 1.5
    }

    @Test func `clamped values have the losses of the ends, and no gradient`() throws {
        let clamped = Self.wide.map { min(max($0, -1), 1) }
        let target = SentTensor("target", Self.shape, seed: 2)
        let path = Self.outside(Self.path)
        let sent = [SentTensor("output", Self.shape, Self.wide), target]
        let inside = [SentTensor("output", Self.shape, clamped), target]
        #expect(try service.send(path, sent).code == "range_violation")
        let answer = try service.gradients(path + "&out_of_range=clamp", sent)
        let within = try service.gradients(path, inside)
        #expect(try answer.values("total") == within.values("total"))
        let expected = zip(try within.values(), Self.wide).map { abs($1) > 1 ? 0 : $0 }
        #expect(try answer.values() == expected)
        let atEnds = zip(expected, Self.wide).filter { abs($0.1) == 1 }
        #expect(atEnds.contains { $0.0 != 0 })
        #expect(answer.options["out_of_range"] as? String == "clamp")
    }

    @Test func `allowed values are computed with as they are`() throws {
        let target = SentTensor("target", Self.shape, seed: 2)
        let path = Self.outside(Self.path)
        let sent = [SentTensor("output", Self.shape, Self.wide), target]
        let answer = try service.gradients(path + "&out_of_range=allow", sent)
        let other = try service.gradients(path + "&out_of_range=clamp", sent)
        #expect(try answer.values("total") != other.values("total"))
        let outside = zip(try answer.values(), Self.wide).filter { abs($0.1) > 1 }
        #expect(outside.contains { $0.0 != 0 })
        // The same numbers in a range that holds them: 0..1 there is 127.5 ± 127.5 here.
        let bytes = Self.wide.map { $0 * 127.5 + 127.5 }
        let scaled = try service.gradients(
            Self.path.replacingOccurrences(of: "range=0..1", with: "range=0..255")
                + "&out_of_range=allow",
            [
                SentTensor("output", Self.shape, bytes),
                SentTensor("target", Self.shape, target.values.map { $0 * 127.5 + 127.5 }),
            ])
        for (a, b) in zip(try scaled.values("total"), try answer.values("total")) {
            #expect(abs(a / b - 1) < 1e-5)
        }
        let plain = try service.send(
            path.replacingOccurrences(of: "&gradient=output", with: "&out_of_range=allow"), sent)
        #expect(plain.status == 200, "\(plain.text)")
    }

    @Test func `a target outside is taken as the option says, and is no name for others`() throws {
        let service = try RunningService()
        let output = SentTensor("output", Self.shape, seed: 1)
        let target = SentTensor("target", Self.shape, Self.wide)
        let path = Self.outside(Self.path)
        #expect(try service.send(path, [output, target]).code == "range_violation")
        let answer = try service.gradients(path + "&out_of_range=allow", [output, target])
        let clamped = try service.gradients(path + "&out_of_range=clamp", [output, target])
        #expect(try answer.values("total") != clamped.values("total"))
        let digest = try #require(answer.results[0]["target_digest"] as? String)
        let kept = try service.get("/v1/targets/\(digest)")
        #expect(try kept.json["bytes"] == nil, "\(kept.text)")
        // And it is not taken for one that is allowed once it is known.
        #expect(try service.send(path, [output, target]).code == "range_violation")
    }

    @Test func `gradients at images have the same options`() throws {
        let path = "/v1/features/gradient?layout=nchw&range=-1..1"
        let image = SentTensor("image", Self.shape, Self.wide)
        let clamped = SentTensor("image", Self.shape, Self.wide.map { min(max($0, -1), 1) })
        let cotangent = SentTensor("cotangent.pool1", [2, 64, 8, 10], seed: 5)
        #expect(try service.send(path, [image, cotangent]).code == "range_violation")
        let within = try service.gradients(path, [clamped, cotangent])
        let answer = try service.gradients(path + "&out_of_range=clamp", [image, cotangent])
        #expect(
            try answer.values()
                == zip(within.values(), Self.wide).map { abs($1) > 1 ? 0 : $0 })
        #expect(within.metadata["gradient_with_respect_to"] == "image, -1..1 chw")
        let halves = try service.gradients(
            path + "&gradient_dtype=float16", [clamped, cotangent])
        #expect(halves.types["gradient"] == .float16)
        let scales = try halves.values("gradient_scale")
        for (i, (half, single)) in zip(try halves.values(), try within.values()).enumerated() {
            let scale = scales[i / 960]
            #expect(abs(half * scale - single) <= max(0x1p-11 * abs(single), 0x1p-25 * scale))
        }
        let allowed = try service.send(path + "&out_of_range=allow", [image, cotangent])
        #expect(allowed.status == 200)
    }
}
