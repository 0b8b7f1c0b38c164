import Codecs
import Foundation
import Inference
import Testing

/// The committed images and golden values.
enum Fixtures {
    private static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let directory = repository.appending(path: "Tests/Fixtures")

    /// The VGG-16 that the product embeds.
    static let embedded: Result<Network, any Error> = Result {
        let path = "Sources/CResources/vgg16_imagenet_caffe.f32.safetensors"
        let file = try MappedFile(path: repository.appending(path: path).path)
        let parsed = try file.withSpan { bytes in
            try SafetensorsFile.parse(bytes, headerBytesMax: SafetensorsFile.formatHeaderBytesMax)
        }
        let tensors = parsed.tensors.map { name, view in
            WeightTensor(
                name: name.string, elementType: .float32, shape: view.shape,
                bytes: UnsafeRawBufferPointer(rebasing: file.bytes[view.byteRange]), owner: file)
        }
        return try Network(
            name: "vgg16-imagenet", sha256: "", tensors: tensors, metadata: parsed.metadataStrings)
    }

    static let goldens: Result<Goldens, any Error> = Result {
        let data = try Data(contentsOf: directory.appending(path: "goldens.json"))
        return try JSONDecoder().decode(Goldens.self, from: data)
    }

    /// A part of a photograph, from its top left corner.
    static func crop(
        _ name: String, x: Int, y: Int, _ width: Int, _ height: Int
    ) throws -> Image {
        let photo = try image(name)
        var row = [Float](repeating: 0, count: 3 * photo.width)
        var samples: [UInt8] = []
        for line in y..<y + height {
            row.withUnsafeMutableBufferPointer { photo.readRow(line, into: $0) }
            samples += row[3 * x..<3 * (x + width)].map { UInt8(($0 * 255).rounded()) }
        }
        return Image(width: width, height: height, channels: 3, uint8: samples)
    }

    static func image(_ name: String) throws -> Image {
        let data = try Data(contentsOf: directory.appending(path: "images/\(name).png"))
        let decoded = try PNG.decode([UInt8](data).span, pixelsMax: 1 << 20)
        switch decoded.samples {
        case .uint8(let samples):
            return Image(
                width: decoded.width, height: decoded.height, channels: decoded.channels,
                uint8: samples)
        case .uint16(let samples):
            return Image(
                width: decoded.width, height: decoded.height, channels: decoded.channels,
                uint16: samples)
        }
    }
}

/// Tests/Fixtures/goldens.json
struct Goldens: Decodable {
    let embedded: [GoldenCase]
    let close: [GoldenCase]
    let generated: [GoldenNetwork]
}

struct GoldenNetwork: Decodable, CustomTestStringConvertible {
    let architecture: String
    let seed: UInt64
    let dtype: String
    let preprocessing: String
    let cases: [GoldenCase]

    var testDescription: String { "\(architecture) \(dtype)" }
}

/// One pair and its losses by tap, before any weight.
struct GoldenCase: Decodable, CustomTestStringConvertible {
    let name: String
    let output: String
    let target: String
    let mask: String?
    let polarity: String
    let gram: String
    let style: [String: Double]
    let perceptual: [String: Double]
    let styleComp: [String: Double]?
    let perceptualComp: [String: Double]?
    let terms: [String: Double]?
    /// Mean |G| and mean |F| of the target: how large the numbers are that a loss compares.
    let gramScale: [String: Double]
    let featureScale: [String: Double]

    enum CodingKeys: String, CodingKey {
        case name, output, target, mask, polarity, gram, style, perceptual, terms
        case gramScale = "gram_scale"
        case featureScale = "feature_scale"
        case styleComp = "style_comp"
        case perceptualComp = "perceptual_comp"
    }

    var testDescription: String { name }

    func values(of term: String) -> [String: Double]? {
        switch term {
        case "style": style
        case "perceptual": perceptual
        case "style_comp": styleComp
        case "perceptual_comp": perceptualComp
        default: nil
        }
    }

    func scales(of term: String) -> [String: Double] {
        term.hasPrefix("style") ? gramScale : featureScale
    }
}
