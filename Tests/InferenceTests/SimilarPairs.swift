import Codecs
import Foundation
import Inference
import Testing

/// Tests/Fixtures/similar.json: photographs and images that differ little from them.
struct SimilarPairs: Decodable {
    let photographs: [Photograph]
    let families: [String]
    /// The names of the values of each case, in order.
    let taps: [String]
    let cases: [SimilarCase]

    /// A part of a committed photograph: the target of its pairs.
    struct Photograph: Decodable {
        let name: String
        let x: Int
        let y: Int
        let width: Int
        let height: Int
    }

    /// Decoded once.
    static let all: Result<SimilarPairs, any Error> = Result {
        let data = try Data(contentsOf: Fixtures.directory.appending(path: "similar.json"))
        return try JSONDecoder().decode(SimilarPairs.self, from: data)
    }

    func target(of pair: SimilarCase) throws -> Image {
        let photograph = photographs[pair.photograph]
        return image(try targetSamples(of: pair), photograph)
    }

    /// Target + delta − 128; the deltas of a photograph are one below the other in one file.
    func output(of pair: SimilarCase) throws -> Image {
        let photograph = photographs[pair.photograph]
        let deltas = try Self.samples("similar-\(pair.photograph)").samples
        let count = 3 * photograph.width * photograph.height
        let start = count * (try #require(families.firstIndex(of: pair.family)))
        let output = zip(try targetSamples(of: pair), deltas[start..<start + count])
            .map { $0 &+ $1 &- 128 }
        return image(output, photograph)
    }

    private func targetSamples(of pair: SimilarCase) throws -> [UInt8] {
        let photograph = photographs[pair.photograph]
        let (width, samples) = try Self.samples(photograph.name)
        return (photograph.y..<photograph.y + photograph.height).flatMap { y in
            let start = 3 * (y * width + photograph.x)
            return samples[start..<start + 3 * photograph.width]
        }
    }

    private func image(_ samples: [UInt8], _ photograph: Photograph) -> Image {
        Image(
            width: photograph.width, height: photograph.height, channels: 3, uint8: samples)
    }

    private static func samples(_ name: String) throws -> (width: Int, samples: [UInt8]) {
        let file = Fixtures.directory.appending(path: "images/\(name).png")
        let decoded = try PNG.decode([UInt8](Data(contentsOf: file)).span, pixelsMax: 1 << 20)
        guard case .uint8(let samples) = decoded.samples, decoded.channels == 3 else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return (decoded.width, samples)
    }
}

/// One pair and its losses at every tap in float64, with the errors of PyTorch's float32.
struct SimilarCase: Decodable, CustomTestStringConvertible {
    let photograph: Int
    let family: String
    let style: [Double]
    let perceptual: [Double]
    let styleFloat32Error: [Double]
    let perceptualFloat32Error: [Double]

    enum CodingKeys: String, CodingKey {
        case photograph, family, style, perceptual
        case styleFloat32Error = "style_float32_error"
        case perceptualFloat32Error = "perceptual_float32_error"
    }

    var testDescription: String { "\(family), photograph \(photograph)" }
}
