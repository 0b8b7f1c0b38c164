import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// POST /v1/losses/features with `gradient=output`.
struct GivenFeatureGradientTests {
    let service: RunningService
    private static let path = "/v1/losses/features?gradient=output"

    init() throws { service = try RunningService.shared.get() }

    /// One of Tests/Fixtures/feature-gradients.json, by PyTorch's autograd in float64
    /// (Scripts/fixtures/feature_gradients.py).
    struct Golden: CustomTestStringConvertible {
        let name: String
        let shape: [Int]
        let targetShape: [Int]
        let seeds: [Int]
        let totals: [Double]
        /// The definition, as JSON.
        let loss: Data
        let gradient: [Double]

        var testDescription: String { name }

        static let all: [Golden] = {
            do { return try read() } catch { preconditionFailure("\(error)") }
        }()

        private static func read() throws -> [Golden] {
            let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures")
            let json = try JSONSerialization.jsonObject(
                with: Data(contentsOf: directory.appending(path: "feature-gradients.json")))
            let bytes = [UInt8](
                try Data(contentsOf: directory.appending(path: "feature-gradients.safetensors")))
            let file = try SafetensorsFile.parse(bytes.span)
            let cases = try #require((json as? [String: Any])?["cases"] as? [[String: Any]])
            return try cases.map { item in
                let name = try #require(item["name"] as? String)
                let loss = try #require(item["loss"] as? [String: Any])
                return Golden(
                    name: name, shape: try #require(item["shape"] as? [Int]),
                    targetShape: try #require(item["target_shape"] as? [Int]),
                    seeds: try #require(item["seeds"] as? [Int]),
                    totals: try #require(item["totals"] as? [Double]),
                    loss: try JSONSerialization.data(withJSONObject: loss),
                    gradient: try Elements.float64(#require(file[name]), of: bytes.span))
            }
        }
    }

    private static func features(_ shape: [Int], seed: Int) -> [Double] {
        let table = GeneratedWeights.table(seed: UInt64(seed))
        return (0..<shape.reduce(1, *)).map { table[$0 % table.count] }
    }

    private static func npy(_ shape: [Int], _ values: [Double], isDouble: Bool) -> [UInt8] {
        Sample.npy(
            isDouble ? "<f8" : "<f4", shape,
            values.flatMap { value in
                isDouble
                    ? withUnsafeBytes(of: value.bitPattern, Array.init)
                    : withUnsafeBytes(of: Float(value).bitPattern, Array.init)
            })
    }

    private func answer(
        _ golden: Golden, isDouble: Bool, query: String = ""
    ) throws -> GradientAnswer {
        let options = #"{"loss": \#(String(decoding: golden.loss, as: UTF8.self))}"#
        let (output, target) = (
            Self.features(golden.shape, seed: golden.seeds[0]),
            Self.features(golden.targetShape, seed: golden.seeds[1])
        )
        let form = Form(
            ("output.f", nil, Self.npy(golden.shape, output, isDouble: isDouble)),
            ("target.f", nil, Self.npy(golden.targetShape, target, isDouble: isDouble)),
            ("options", "application/json", Array(options.utf8)))
        return try GradientAnswer(service.post(Self.path + "&layout=nchw" + query, form))
    }

    private static func error(_ values: [Double], _ exact: [Double]) -> Double {
        let norm = { (values: [Double]) in values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        return norm(zip(values, exact).map { $0 - $1 }) / norm(exact)
    }

    @Test(arguments: Golden.all)
    func `agrees with autograd in float64`(golden: Golden) throws {
        for isDouble in [true, false] {
            let answer = try answer(golden, isDouble: isDouble)
            #expect(answer.types["gradient.f"] == (isDouble ? .float64 : .float32))
            #expect(answer.tensors["gradient.f"]?.shape == golden.shape)
            let values = try answer.values("gradient.f")
            let error = Self.error(values, golden.gradient)
            // Square roots of covariances lose digits where these are nearly singular.
            #expect(error < (isDouble ? 1e-12 : 1e-6), "\(isDouble): \(error)")
            for (total, exact) in zip(try answer.values("total"), golden.totals) {
                #expect(abs(total / exact - 1) < (isDouble ? 1e-12 : 1e-5))
            }
        }
    }

    private static let pair = [
        SentTensor("output.a", [2, 5, 6, 7], seed: 1),
        SentTensor("target.a", [2, 5, 6, 7], seed: 2),
        SentTensor("output.b-2", [2, 70, 3, 4], seed: 3),
        SentTensor("target.b-2", [2, 70, 3, 4], seed: 4),
    ]

    @Test func `answers a tensor a layer, the totals and the JSON answer`() throws {
        let answer = try service.gradients(Self.path + "&layout=nchw", Self.pair)
        #expect(
            Set(answer.tensors.keys) == ["gradient.a", "gradient.b-2", "total"])
        let norms = try #require(answer.results[1]["gradient_norm"] as? [String: Double])
        let second = try answer.values("gradient.a")[210...]
        let norm = second.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs((norms["a"] ?? 0) / norm - 1) < 1e-12)
        let plain = try service.send("/v1/losses/features?layout=nchw", Self.pair)
        let results = try #require(try plain.json["results"] as? [[String: Any]])
        #expect(
            results.map { $0["total"] as? Double }
                == answer.results.map { $0["total"] as? Double })
        #expect(
            answer.options["gradient_with_respect_to"] as? String == "output.<layer>, nchw")
        let timings = answer.json["timings_ms"] as? [String: Double]
        #expect(timings?["gradient"] != nil)
    }

    @Test func `is in the order of the features, whatever it is, and in JSON`() throws {
        let planes = try service.gradients(Self.path + "&layout=nchw", Self.pair)
        func last(_ values: [Float], _ shape: [Int]) -> [Float] {
            let (n, c, positions) = (shape[0], shape[1], shape[2] * shape[3])
            return (0..<n * c * positions).map { i in
                let (sample, rest) = i.quotientAndRemainder(dividingBy: c * positions)
                return values[sample * c * positions + rest % c * positions + rest / c]
            }
        }
        let moved = Self.pair.map { tensor in
            SentTensor(
                tensor.name, [tensor.shape[0], tensor.shape[2], tensor.shape[3], tensor.shape[1]],
                last(tensor.values, tensor.shape))
        }
        let pixels = try service.gradients(Self.path + "&layout=nhwc", moved)
        for tensor in Self.pair where tensor.name.hasPrefix("output") {
            let name = "gradient." + tensor.name.dropFirst(7)
            let expected = last(try planes.values(name).map { Float($0) }, tensor.shape)
            #expect(try pixels.values(name).map { Float($0) } == expected)
        }
        let json = try service.send(
            Self.path + "&layout=nchw", Self.pair, accept: "application/json")
        let results = try #require(try json.json["results"] as? [[String: Any]])
        let gradients = try #require(results[0]["gradient"] as? [String: [String: Any]])
        #expect(gradients["b-2"]?["shape"] as? [Int] == [70, 3, 4])
        let data = try #require(
            (gradients["a"]?["data"] as? String).flatMap { Data(base64Encoded: $0) })
        #expect(data.count == 210 * 4)
    }

    @Test func `of a sample does not depend on the batch, is 0 for equals, and takes factors`()
        throws
    {
        let both = try service.gradients(
            Self.path + "&layout=nchw&cotangent=2,-1", Self.pair)
        let second = try service.gradients(
            Self.path + "&layout=nchw",
            Self.pair.map { tensor in
                let count = tensor.values.count / 2
                return SentTensor(
                    tensor.name, [1] + tensor.shape.dropFirst(), Array(tensor.values[count...]))
            })
        #expect(
            try Array(both.values("gradient.a")[210...]) == second.values("gradient.a").map { -$0 })
        let same = try service.gradients(
            Self.path + "&layout=nchw",
            [Self.pair[0], SentTensor("target.a", [2, 5, 6, 7], seed: 1)])
        #expect(try same.values("gradient.a").allSatisfy { $0 == 0 })
    }

    @Test func `halves have a scale a layer and sample`() throws {
        let singles = try service.gradients(Self.path + "&layout=nchw", Self.pair)
        let halves = try service.gradients(
            Self.path + "&layout=nchw&gradient_dtype=float16", Self.pair)
        for name in ["a", "b-2"] {
            let scales = try halves.values("gradient_scale.\(name)")
            let exact = try singles.values("gradient.\(name)")
            #expect(scales.count == 2 && halves.types["gradient.\(name)"] == .float16)
            for (i, half) in try halves.values("gradient.\(name)").enumerated() {
                let scale = scales[i / (exact.count / 2)]
                #expect(
                    abs(half * scale - exact[i]) <= max(0x1p-11 * abs(exact[i]), 0x1p-25 * scale))
            }
        }
    }

    // (L(x + h d) − L(x − h d)) / 2h against ⟨gradient, d⟩, all in double precision: these are smooth.
    @Test(arguments: ["lpips-vgg", "lpips-vgg-torchmetrics", "lpips-vgg-unlinear", "dists"])
    func `of a metric with learned factors is its slope`(preset: String) throws {
        let shape = [1, 64, 3, 5]
        let output = Self.features(shape, seed: 5).map { abs($0) }
        let target = Self.features(shape, seed: 6).map { abs($0) }
        func answer(_ output: [Double]) throws -> GradientAnswer {
            try GradientAnswer(
                service.post(
                    Self.path + "&layout=nchw&preset=\(preset)",
                    Form(
                        ("output.relu1_2", nil, Self.npy(shape, output, isDouble: true)),
                        ("target.relu1_2", nil, Self.npy(shape, target, isDouble: true)))))
        }
        let direction = Self.features(shape, seed: 7)
        let step = 0x1p-20
        let totals = try [step, -step].map { step in
            try answer(zip(output, direction).map { $0 + step * $1 }).values("total")[0]
        }
        let slope = zip(try answer(output).values("gradient.relu1_2"), direction)
            .reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs((totals[0] - totals[1]) / (2 * step) / slope - 1) < 1e-6, "\(preset)")
    }

    @Test(arguments: [
        ("gradient=target", "invalid_option"), ("gradient_dtype=float16", "invalid_option"),
        ("gradient=output&gradient_of=style", "unknown_option"),
        ("gradient=output&out_of_range=allow", "unknown_option"),
        ("gradient=output&cotangent=1", "invalid_option"),
        ("gradient=output&cotangent=1e308,1", "non_finite_result"),
    ])
    func `refuses what is no gradient here`(query: String, code: String) throws {
        let response = try service.send(
            "/v1/losses/features?layout=nchw&\(query)", Self.pair)
        #expect(response.code == code, "\(response.text)")
        let accept = try service.send(
            Self.path + "&layout=nchw", Self.pair, accept: "image/png")
        #expect(accept.code == "not_acceptable")
    }
}
