import Codecs
import Foundation
import Service
import TestSupport
import Testing

struct FeatureGradientTests {
    let service: RunningService
    private static let (height, width) = (16, 20)

    init() throws { service = try RunningService.shared.get() }

    private func gradient(
        _ query: String, _ tensors: [(name: String, shape: [Int], values: [Float])]
    ) throws -> ClientResponse {
        try service.send(
            "POST", "/v1/features/gradient?\(query)",
            [("Content-Type", "application/safetensors")],
            SafetensorsFile.encode(tensors, metadata: [:]))
    }

    private func values(_ response: ClientResponse) throws -> (shape: [Int], values: [Float]) {
        try #require(response.status == 200, "\(response.text)")
        #expect(response["content-type"] == "application/safetensors")
        let file = try SafetensorsFile.parse(response.body.span)
        let view = try #require(file["gradient"])
        return (view.shape, try Elements.float32(view, of: response.body.span))
    }

    private static func image(_ count: Int, in shape: [Int], _ scale: Float = 1, offset: Float = 0)
        -> (name: String, shape: [Int], values: [Float])
    {
        ("image", shape, Sample.floats(count, 3).map { $0 * scale + offset })
    }

    private static func cotangent(_ shape: [Int], factor: Float = 1)
        -> (name: String, shape: [Int], values: [Float])
    {
        ("cotangent.pool2", shape, Sample.floats(shape.reduce(1, *), 9).map { ($0 - 0.5) * factor })
    }

    private static let planar = [1, 3, height, width]
    private static let features = [1, 128, 4, 5]

    // ⟨c, F(x + h·d) − F(x − h·d)⟩ / 2h against ⟨gradient, d⟩, d along the gradient: what a client would
    // check with.
    @Test func `is the slope of what the features' products with the cotangents are`() throws {
        let count = 3 * Self.height * Self.width
        let image = Self.image(count, in: Self.planar, 0.8, offset: 0.1)
        let cotangent = Self.cotangent(Self.features)
        let (_, slope) = try values(gradient("layout=nchw&range=0..1", [image, cotangent]))
        let largest = slope.reduce(0) { max($0, abs($1)) }
        let direction = slope.map { $0 / largest }
        func product(_ step: Float) throws -> Double {
            let moved = zip(image.values, direction).map { $0 + step * $1 }
            let response = try service.send(
                "POST", "/v1/features?layout=nchw&range=0..1&layers=pool2",
                [("Content-Type", "application/safetensors")],
                SafetensorsFile.encode([("image", Self.planar, moved)], metadata: [:]))
            let file = try SafetensorsFile.parse(response.body.span)
            let view = try #require(file["features.pool2"])
            let features = try Elements.float32(view, of: response.body.span)
            return zip(features, cotangent.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let step: Float = 0x1p-12
        let measured = (try product(step) - product(-step)) / Double(2 * step)
        let told = zip(slope, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        // Kinks within a step and FP32 features bound what a difference can tell.
        #expect(abs(measured / told - 1) < 1e-2, "\(measured) \(told)")
    }

    @Test func `is in the units of the values sent, bit for bit`() throws {
        let count = 3 * Self.height * Self.width
        let cotangent = Self.cotangent(Self.features)
        // Eighths are the same values in [0, 1] whichever way they are sent.
        let eighths = Sample.floats(count, 3).map { Float(Int($0 * 8)) / 8 }
        let unit = try values(
            gradient("layout=nchw&range=0..1", [("image", Self.planar, eighths), cotangent]))
        let signed = try values(
            gradient(
                "layout=nchw&range=-1..1",
                [("image", Self.planar, eighths.map { 2 * $0 - 1 }), cotangent]))
        #expect(unit.shape == Self.planar)
        #expect(signed.values == unit.values.map { $0 / 2 })
        #expect(unit.values.contains { $0 != 0 })
    }

    @Test func `stands in the order of the values sent`() throws {
        let count = 3 * Self.height * Self.width
        let planar = Self.image(count, in: Self.planar)
        let positions = Self.height * Self.width
        let interleaved = (0..<count).map { planar.values[$0 % 3 * positions + $0 / 3] }
        let cotangent = Self.cotangent(Self.features)
        let (c, h, w) = (128, 4, 5)
        let moved = (0..<c * h * w).map { cotangent.values[$0 % c * h * w + $0 / c] }
        let nchw = try values(gradient("layout=nchw&range=0..1", [planar, cotangent]))
        let nhwc = try values(
            gradient(
                "layout=nhwc&range=0..1",
                [
                    ("image", [1, Self.height, Self.width, 3], interleaved),
                    ("cotangent.pool2", [1, h, w, c], moved),
                ]))
        #expect(nhwc.shape == [1, Self.height, Self.width, 3])
        #expect(nhwc.values == (0..<count).map { nchw.values[$0 % 3 * positions + $0 / 3] })
    }

    @Test func `of a sample does not depend on the batch`() throws {
        let count = 3 * Self.height * Self.width
        let images = (0..<6).map { Sample.floats(count, $0) }
        let features = Self.features.reduce(1, *)
        let slopes = (0..<6).map { Sample.floats(features, 40 + $0).map { $0 - 0.5 } }
        let together = try values(
            gradient(
                "layout=nchw&range=0..1",
                [
                    ("image", [6, 3, Self.height, Self.width], images.flatMap(\.self)),
                    ("cotangent.pool2", [6, 128, 4, 5], slopes.flatMap(\.self)),
                ]))
        for n in [0, 5] {
            let alone = try values(
                gradient(
                    "layout=nchw&range=0..1",
                    [
                        ("image", Self.planar, images[n]),
                        ("cotangent.pool2", Self.features, slopes[n]),
                    ]
                ))
            #expect(Array(together.values[n * count..<(n + 1) * count]) == alone.values)
        }
    }

    @Test func `sums the channels of gray, and gives alpha and integers their due`() throws {
        let positions = Self.height * Self.width
        let gray = Sample.floats(positions, 5).map { Float(Int($0 * 255)) / 255 }
        let cotangent = Self.cotangent(Self.features)
        let rgb = try values(
            gradient(
                "layout=nchw&range=0..1", [("image", Self.planar, gray + gray + gray), cotangent]))
        let one = try values(
            gradient(
                "layout=nchw&range=0..1",
                [("image", [1, 1, Self.height, Self.width], gray), cotangent]))
        let sums = (0..<positions).map {
            rgb.values[$0] + rgb.values[$0 + positions] + rgb.values[$0 + 2 * positions]
        }
        #expect(one.shape == [1, 1, Self.height, Self.width])
        #expect(one.values == sums)
        let alpha = try values(
            gradient(
                "layout=nchw&range=0..1",
                [("image", [1, 4, Self.height, Self.width], gray + gray + gray + gray), cotangent]))
        #expect(Array(alpha.values[..<(3 * positions)]) == rgb.values)
        #expect(alpha.values[(3 * positions)...].allSatisfy { $0 == 0 })

        // A PNG and its own bytes as an array of integers.
        let png = Form(
            ("image", "image/png", Sample.png(1)),
            (
                "cotangent.pool2", "application/x-npy",
                Sample.npy(
                    "<f4", Self.features,
                    cotangent.values.flatMap { value in
                        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
                    })
            ))
        let ofPNG = try values(service.post("/v1/features/gradient?layout=nchw", png))
        #expect(ofPNG.shape == Self.planar)
        let bytes = Sample.bytes(1).map { Float($0) / 255 }
        let floats = (0..<3 * positions).map { bytes[$0 % positions * 3 + $0 / positions] }
        let ofFloats = try values(
            gradient("layout=nchw&range=0..1", [("image", Self.planar, floats), cotangent]))
        #expect(ofPNG.values == ofFloats.values)
    }

    @Test func `refuses what does not fit, before any work`() throws {
        let count = 3 * Self.height * Self.width
        let image = Self.image(count, in: Self.planar)
        let query = "layout=nchw&range=0..1"
        let cases: [(String, [(name: String, shape: [Int], values: [Float])], String)] = [
            (query, [image], "missing_input"),
            (query, [Self.cotangent(Self.features)], "missing_input"),
            (query, [image, Self.cotangent([1, 128, 4, 6])], "shape_mismatch"),
            (query, [image, Self.cotangent([2, 128, 4, 5])], "shape_mismatch"),
            (query, [image, ("cotangent.pool9", [1, 1, 1, 1], [1])], "unknown_layer"),
            (query, [image, ("cotangent.relu3_4", [1, 1, 1, 1], [1])], "unknown_layer"),
            (query, [image, ("cotangent.pool5", [1, 512, 1, 1], [1])], "image_too_small"),
            (query, [image, ("slope.pool2", [1, 1, 1, 1], [1])], "bad_request"),
            ("range=0..1", [image, Self.cotangent(Self.features)], "missing_option"),
            (query + "&layers=pool2", [image, Self.cotangent(Self.features)], "unknown_option"),
            (query, [image, Self.cotangent(Self.features, factor: .infinity)], "non_finite_input"),
            (query, [image, Self.cotangent(Self.features, factor: 1e38)], "non_finite_result"),
        ]
        for (query, tensors, code) in cases {
            let tensors = tensors.map { tensor in
                let count = tensor.shape.reduce(1, *)
                return tensor.values.count == count
                    ? tensor
                    : (
                        name: tensor.name, shape: tensor.shape,
                        values: [Float](repeating: 1, count: count)
                    )
            }
            let response = try gradient(query, tensors)
            #expect(response.code == code, "\(tensors.map(\.name)) \(response.text)")
        }
    }
}
