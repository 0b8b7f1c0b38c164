import Foundation
import Service
import TestSupport
import Testing

/// Gradients of losses with everything that may be sent: what is the same image has the same gradient.
struct GradientInputTests {
    let service: RunningService
    private static let (height, width) = (16, 20)
    private static let positions = height * width
    private static let path = "/v1/losses?layers=pool1,relu2_1&gradient=output"
    private static let planar = path + "&layout=nchw&range=0..1"

    init() throws { service = try RunningService.shared.get() }

    private func gradient(_ form: Form, _ query: String = "") throws -> GradientAnswer {
        try GradientAnswer(service.post(Self.path + query, form))
    }

    private func gradient(_ tensors: [SentTensor], _ query: String = "") throws -> GradientAnswer {
        try service.gradients(Self.planar + query, tensors)
    }

    private static func png(_ name: String, _ seed: Int) -> (String, String?, [UInt8]) {
        (name, "image/png", Sample.png(seed))
    }

    private static func noise(_ name: String, _ seed: Int, samples: Int = 1) -> SentTensor {
        SentTensor(name, [samples, 3, height, width], seed: seed)
    }

    /// (H, W, C) from (C, H, W).
    private static func interleaved<Value>(_ planes: [Value], channels: Int = 3) -> [Value] {
        planes.indices.map { planes[$0 % channels * positions + $0 / channels] }
    }

    @Test(arguments: ["", "&gram=covariance", "&gram=correlation", "&gram=raw"])
    func `identical images have none`(query: String) throws {
        let answer = try gradient(
            Form(Self.png("output", 1), Self.png("target", 1)), query)
        #expect(try answer.values().allSatisfy { $0 == 0 })
        #expect(try answer.values("total") == [0])
        #expect(answer.results[0]["gradient_norm"] as? Double == 0)
    }

    @Test func `a range twice as wide has half of it, bit for bit`() throws {
        // Eighths are the same values in [0, 1] whichever way they are sent.
        let (output, target) = (Self.noise("output", 1), Self.noise("target", 2))
        let eighths = [output, target].map { tensor in
            SentTensor(tensor.name, tensor.shape, tensor.values.map { Float(Int($0 * 8)) / 8 })
        }
        let unit = try gradient(eighths)
        let signed = try service.gradients(
            Self.path + "&layout=nchw&range=-1..1",
            eighths.map { SentTensor($0.name, $0.shape, $0.values.map { 2 * $0 - 1 }) })
        #expect(try signed.values() == unit.values().map { $0 / 2 })
        #expect(signed.options["gradient_with_respect_to"] as? String == "output, -1..1 chw")
        let bytes = try service.gradients(
            Self.path + "&layout=nchw&range=0..255",
            eighths.map { SentTensor($0.name, $0.shape, $0.values.map { $0 * 255 }) })
        for (wide, narrow) in zip(try bytes.values(), try unit.values()) {
            #expect(abs(wide * 255 - narrow) <= 1e-5 * (try unit.values().map(abs).max() ?? 0))
        }
    }

    @Test func `channels last are the same in another order`() throws {
        let (output, target) = (Self.noise("output", 1), Self.noise("target", 2))
        let planes = try gradient([output, target])
        let pixels = try service.gradients(
            Self.path + "&layout=nhwc&range=0..1",
            [output, target].map {
                SentTensor($0.name, [1, Self.height, Self.width, 3], Self.interleaved($0.values))
            })
        #expect(pixels.tensors["gradient"]?.shape == [1, Self.height, Self.width, 3])
        #expect(try pixels.values() == Self.interleaved(planes.values()))
    }

    @Test func `gray has the sum over its three channels, alpha none`() throws {
        let gray = Sample.floats(Self.positions, 5)
        let target = Self.noise("target", 2)
        let shape = [1, 3, Self.height, Self.width]
        let rgb = try gradient([SentTensor("output", shape, gray + gray + gray), target]).values()
        let one = try gradient([
            SentTensor("output", [1, 1, Self.height, Self.width], gray), target,
        ])
        let sums = (0..<Self.positions).map { n in
            let parts = (0..<3).map { Float(rgb[n + $0 * Self.positions]) }
            return Double(parts[0] + parts[1] + parts[2])
        }
        #expect(one.tensors["gradient"]?.shape == [1, 1, Self.height, Self.width])
        #expect(try one.values() == sums)
        let flat = try service.gradients(
            Self.path + "&layout=nchw&range=0..1",
            [SentTensor("output", [Self.height, Self.width], gray), target])
        #expect(flat.tensors["gradient"]?.shape == [Self.height, Self.width])
        #expect(try flat.values() == sums)
        let alpha = try gradient([
            SentTensor("output", [1, 4, Self.height, Self.width], gray + gray + gray + gray),
            target,
        ]).values()
        #expect(Array(alpha[..<(3 * Self.positions)]) == rgb)
        #expect(alpha[(3 * Self.positions)...].allSatisfy { $0 == 0 })
    }

    @Test func `a PNG, its bytes and its values in 0 to 1 have the same`() throws {
        let png = try gradient(Form(Self.png("output", 1), Self.png("target", 2)))
        #expect(png.tensors["gradient"]?.shape == [1, 3, Self.height, Self.width])
        #expect(png.options["gradient_with_respect_to"] as? String == "output, 0..1 chw")
        let bytes = try gradient(
            Form(
                ("output", nil, Sample.npy([Self.height, Self.width, 3], uint8: Sample.bytes(1))),
                Self.png("target", 2)), "&layout=hwc")
        #expect(bytes.tensors["gradient"]?.shape == [Self.height, Self.width, 3])
        #expect(try bytes.values() == Self.interleaved(png.values()))
        let floats = Sample.bytes(1).map { Float($0) / 255 }
        let values = try service.post(
            Self.path + "&layout=hwc&range=0..1",
            Form(
                (
                    "output", nil,
                    Sample.npy(
                        "<f4", [Self.height, Self.width, 3],
                        floats.flatMap { withUnsafeBytes(of: $0.bitPattern, Array.init) })
                ), Self.png("target", 2)))
        #expect(try GradientAnswer(values).values() == Self.interleaved(png.values()))
    }

    @Test func `parts of several sizes and kinds have each its own`() throws {
        var form = Form(
            Self.png("output", 1), ("output", "image/png", Sample.png(3, width: 24, height: 18)))
        form.add(
            "output", nil, Sample.npy([Self.height, Self.width, 3], uint8: Sample.bytes(4)))
        form.add("target", "image/png", Sample.png(2))
        form.add("target", "image/png", Sample.png(5, width: 24, height: 18))
        form.add("target", "image/png", Sample.png(6))
        let together = try gradient(form, "&layout=hwc")
        let shapes = [
            [3, Self.height, Self.width], [3, 18, 24], [Self.height, Self.width, 3],
        ]
        for (n, shape) in shapes.enumerated() {
            #expect(together.tensors["gradient.\(n)"]?.shape == shape)
        }
        let first = try gradient(Form(Self.png("output", 1), Self.png("target", 2)))
        #expect(try together.values("gradient.0") == first.values())
        let second = try gradient(
            Form(
                ("output", "image/png", Sample.png(3, width: 24, height: 18)),
                ("target", "image/png", Sample.png(5, width: 24, height: 18))))
        #expect(try together.values("gradient.1") == second.values())
        let third = try gradient(Form(Self.png("output", 4), Self.png("target", 6)))
        #expect(try together.values("gradient.2") == Self.interleaved(third.values()))
    }

    @Test func `a pair among others, with its own target or one for all, has what it has alone`()
        throws
    {
        let alone = try (1...3).map {
            try gradient(Form(Self.png("output", $0), Self.png("target", 9))).values()
        }
        let shared = try gradient(
            Form(
                Self.png("output", 1), Self.png("output", 2), Self.png("output", 3),
                Self.png("target", 9)))
        let own = try gradient(
            Form(
                Self.png("output", 1), Self.png("target", 9), Self.png("output", 2),
                Self.png("target", 9), Self.png("output", 3), Self.png("target", 9)))
        #expect(try shared.values() == alone.flatMap(\.self))
        #expect(try own.values() == alone.flatMap(\.self))
    }

    @Test func `a mask is the same in every form, and its polarity turned round is its inverse`()
        throws
    {
        let (output, target) = (Self.noise("output", 1), Self.noise("target", 2))
        let values = (0..<Self.positions).map { Float($0 % Self.width < 8 ? 0 : 1) }
        let mask = SentTensor("mask", [1, 1, Self.height, Self.width], values)
        let three = SentTensor(
            "mask", [1, 3, Self.height, Self.width], values + values + values)
        let inverse = SentTensor("mask", mask.shape, values.map { 1 - $0 })
        let expected = try gradient([output, target, mask]).values()
        #expect(try gradient([output, target, three]).values() == expected)
        #expect(
            try gradient([output, target, inverse], "&mask_polarity=hole").values() == expected)
        // The composite of a term comes from the hole alone.
        let composite = try gradient(
            [output, target, mask], "&gradient_of=style_comp,perceptual_comp,pixel_hole")
        for name in ["style_comp", "perceptual_comp", "pixel_hole"] {
            let part = try composite.values("gradient.\(name)")
            #expect(part.contains { $0 != 0 })
            for i in part.indices where values[i % Self.positions] == 1 { #expect(part[i] == 0) }
        }
    }

    @Test func `style from one image and content from another add up`() throws {
        let both = try gradient(
            Form(
                Self.png("output", 1), Self.png("style_target", 2),
                Self.png("perceptual_target", 3)), "&gradient_of=total,style,perceptual")
        let style = try gradient(
            Form(Self.png("output", 1), Self.png("target", 2)), "&gradient_of=style")
        let content = try gradient(
            Form(Self.png("output", 1), Self.png("target", 3)), "&gradient_of=perceptual")
        #expect(try both.values("gradient.style") == style.values("gradient.style"))
        #expect(try both.values("gradient.perceptual") == content.values("gradient.perceptual"))
        let total = try both.values()
        let largest = total.reduce(0) { max($0, abs($1)) }
        let parts = zip(try both.values("gradient.style"), try both.values("gradient.perceptual"))
        for (sum, part) in zip(total, parts) {
            #expect(abs(part.0 + part.1 - sum) <= 2e-6 * largest)
        }
    }

    @Test func `a target by its name has the same as one that is sent, seen before or not`() throws
    {
        let service = try RunningService()
        let form = Form(Self.png("output", 1), Self.png("target", 7))
        let first = try GradientAnswer(service.post(Self.path, form))
        let second = try GradientAnswer(service.post(Self.path, form))
        let digest = try #require(first.results[0]["target_digest"] as? String)
        let named = try GradientAnswer(
            service.post(
                Self.path, Form(Self.png("output", 1), ("target_ref", nil, Array(digest.utf8)))))
        #expect(first.results[0]["target_cached"] as? Bool == false)
        #expect(named.results[0]["target_cached"] as? Bool == true)
        #expect(try second.values() == first.values())
        #expect(try named.values() == first.values())
    }

    @Test func `images as JSON have the same, as base64`() throws {
        let png = { (seed: Int) in ["png": Data(Sample.png(seed)).base64EncodedString()] }
        let body = try JSONSerialization.data(
            withJSONObject: ["output": png(1), "target": png(2)])
        let response = try service.send(
            "POST", Self.path,
            [("Content-Type", "application/json"), ("Accept", "application/json")], Array(body))
        let expected = try gradient(Form(Self.png("output", 1), Self.png("target", 2)))
        let results = try #require(try response.json["results"] as? [[String: Any]])
        let array = try #require(results[0]["gradient"] as? [String: Any])
        let data = try #require((array["data"] as? String).flatMap { Data(base64Encoded: $0) })
        let values = stride(from: 0, to: data.count, by: 4).map { at in
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[at + $1]) << (8 * $1) }
            return Double(Float(bitPattern: bits))
        }
        #expect(values == (try expected.values()))
    }
}
