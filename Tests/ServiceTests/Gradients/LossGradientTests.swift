import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// POST /v1/losses with `gradient=output`.
struct LossGradientTests {
    let service: RunningService
    private static let (height, width) = (16, 20)
    private static let count = 3 * height * width

    init() throws { service = try RunningService.shared.get() }

    private struct Answer {
        let gradients: [String: (shape: [Int], values: [Float])]
        let totals: [Double]
        let json: [String: Any]
    }

    private func post(
        _ query: String, _ tensors: [(name: String, shape: [Int], values: [Float])],
        accept: String? = nil
    ) throws -> ClientResponse {
        try service.send(
            "POST", "/v1/losses?layout=nchw&range=0..1&layers=pool1,relu2_1&\(query)",
            [("Content-Type", "application/safetensors")] + (accept.map { [("Accept", $0)] } ?? []),
            SafetensorsFile.encode(tensors, metadata: [:]))
    }

    private func answer(_ response: ClientResponse) throws -> Answer {
        try #require(response.status == 200, "\(response.text)")
        #expect(response["content-type"] == "application/safetensors")
        let file = try SafetensorsFile.parse(response.body.span)
        var gradients: [String: (shape: [Int], values: [Float])] = [:]
        for (name, view) in file.tensors where name.string.hasPrefix("gradient") {
            gradients[name.string] = (
                view.shape, try Elements.float32(view, of: response.body.span)
            )
        }
        let total = try #require(file["total"])
        let json = try #require(file["json"])
        let object = try JSONSerialization.jsonObject(
            with: Data(response.body[json.byteRange]))
        return Answer(
            gradients: gradients,
            totals: try Elements.float64(total, of: response.body.span),
            json: object as? [String: Any] ?? [:])
    }

    private static func tensor(_ name: String, _ seed: Int)
        -> (name: String, shape: [Int], values: [Float])
    {
        (name, [1, 3, height, width], Sample.floats(count, seed))
    }

    private static let mask: (name: String, shape: [Int], values: [Float]) = (
        "mask", [1, 1, height, width],
        (0..<height * width).map { $0 % width < 8 ? 0 : 1 }
    )

    @Test func `answers a tensor, the totals and the JSON answer`() throws {
        let body = [Self.tensor("output", 1), Self.tensor("target", 2), Self.mask]
        let answer = try answer(post("gradient=output", body))
        let plain = try post("", body).json
        let gradient = try #require(answer.gradients["gradient"])
        #expect(gradient.shape == [1, 3, Self.height, Self.width])
        #expect(gradient.values.contains { $0 != 0 })
        let results = try #require(answer.json["results"] as? [[String: Any]])
        let plainResults = try #require(plain["results"] as? [[String: Any]])
        #expect(results[0]["total"] as? Double == plainResults[0]["total"] as? Double)
        let total = try #require(results[0]["total"] as? Double)
        // Foundation's parser may miss the last bit of a decimal.
        #expect(answer.totals.count == 1 && abs(answer.totals[0] / total - 1) < 1e-15)
        let norm = gradient.values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        let told = try #require(results[0]["gradient_norm"] as? Double)
        #expect(abs(told / norm - 1) < 1e-12)
    }

    @Test func `is the slope of the total`() throws {
        let (output, target) = (Self.tensor("output", 1), Self.tensor("target", 2))
        // Away from the ends of the range, and smooth but for ReLU and maxima.
        let inner = output.values.map { 0.1 + 0.8 * $0 }
        func total(_ values: [Float]) throws -> Double {
            let json = try post("", [("output", output.shape, values), target, Self.mask]).json
            let results = try #require(json["results"] as? [[String: Any]])
            return try #require(results[0]["total"] as? Double)
        }
        let gradient = try #require(
            try answer(
                post("gradient=output", [("output", output.shape, inner), target, Self.mask])
            ).gradients["gradient"]
        ).values
        let largest = gradient.reduce(0) { max($0, abs($1)) }
        let direction = gradient.map { $0 / largest }
        let step: Float = 0x1p-12
        let ahead = try total(zip(inner, direction).map { $0 + step * $1 })
        let behind = try total(zip(inner, direction).map { $0 - step * $1 })
        let told = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        let measured = (ahead - behind) / Double(2 * step)
        #expect(abs(measured / told - 1) < 1e-2, "\(measured) \(told)")
    }

    @Test func `of the terms add up to that of the total`() throws {
        let body = [Self.tensor("output", 1), Self.tensor("target", 2), Self.mask]
        let terms = [
            "pixel_valid", "pixel_hole", "perceptual", "perceptual_comp", "style", "style_comp",
            "tv",
        ]
        let total = try #require(
            try answer(post("gradient=output", body)).gradients["gradient"]
        ).values
        let parts = try answer(
            post("gradient=output&gradient_of=\(terms.joined(separator: ","))", body))
        #expect(parts.gradients.count == terms.count)
        let largest = total.reduce(0) { max($0, abs($1)) }
        for i in total.indices {
            let sum = terms.reduce(Float(0)) {
                $0 + (parts.gradients["gradient.\($1)"]?.values[i] ?? .nan)
            }
            #expect(abs(sum - total[i]) <= 2e-6 * largest)
        }
    }

    @Test func `of a valid mask's composite is nothing`() throws {
        let (output, target) = (Self.tensor("output", 1), Self.tensor("target", 2))
        let valid = ("mask", [1, 1, Self.height, Self.width], [Float](repeating: 1, count: 320))
        let composite = try answer(
            post(
                "gradient=output&gradient_of=perceptual_comp,style_comp,tv,pixel_hole",
                [output, target, (name: valid.0, shape: valid.1, values: valid.2)]))
        for (name, gradient) in composite.gradients {
            #expect(gradient.values.allSatisfy { $0 == 0 }, "\(name)")
        }
    }

    @Test func `comes as JSON where that is wanted, and in no other form`() throws {
        let body = [Self.tensor("output", 1), Self.tensor("target", 2)]
        let tensor = try #require(
            try answer(post("gradient=output", body)).gradients["gradient"])
        let json = try post("gradient=output", body, accept: "application/json")
        #expect(json["content-type"] == "application/json")
        let results = try #require(json.json["results"] as? [[String: Any]])
        let gradient = try #require(results[0]["gradient"] as? [String: Any])
        #expect(gradient["dtype"] as? String == "float32")
        #expect(gradient["shape"] as? [Int] == [3, Self.height, Self.width])
        let base64 = try #require(gradient["data"] as? String)
        let data = try #require(Data(base64Encoded: base64))
        let values = stride(from: 0, to: data.count, by: 4).map { at in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[at + $1]) << (8 * $1) })
        }
        #expect(values == tensor.values)
        #expect(
            try post("gradient=output", body, accept: "text/html").code == "not_acceptable")
    }

    @Test func `of a sample does not depend on the batch, nor on a target seen before`() throws {
        let outputs = (0..<5).map { Sample.floats(Self.count, 10 + $0) }
        let target = Self.tensor("target", 77)
        let batch: [(name: String, shape: [Int], values: [Float])] = [
            ("output", [5, 3, Self.height, Self.width], outputs.flatMap(\.self)), target,
        ]
        let together = try #require(
            try answer(post("gradient=output", batch)).gradients["gradient"]
        ).values
        for n in [0, 4] {
            let alone = try #require(
                try answer(
                    post(
                        "gradient=output",
                        [("output", [1, 3, Self.height, Self.width], outputs[n]), target])
                ).gradients["gradient"]
            ).values
            #expect(Array(together[n * Self.count..<(n + 1) * Self.count]) == alone)
        }
    }
}
