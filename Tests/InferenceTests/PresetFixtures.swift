import Codecs
import Foundation
import Inference
import Testing

/// Tests/Fixtures/presets.json: every preset on batches of three (Scripts/fixtures/presets.py).
struct PresetFixtures: Decodable {
    /// The network of cases whose `network` is "generated".
    let generated: GeneratedNetwork
    /// The photographs that outputs and targets are cut from.
    let output: String
    let target: String
    /// Where the pairs of every batch lie.
    let pairs: [Place]
    let cases: [PresetCase]

    struct GeneratedNetwork: Decodable {
        let architecture: String
        let seed: UInt64
    }

    /// Top left corners (x, y) in the photographs, and the holes as x, y, width, height and value.
    struct Place: Decodable {
        let output: [Int]
        let target: [Int]
        let holes: [[Int]]
    }

    /// Decoded once.
    static let all: Result<PresetFixtures, any Error> = Result {
        let data = try Data(contentsOf: Fixtures.directory.appending(path: "presets.json"))
        return try JSONDecoder().decode(PresetFixtures.self, from: data)
    }

    /// The images of one pair, and its mask with 1 = valid.
    func images(
        of golden: PresetCase, at place: Place
    ) throws -> (output: Image, target: Image, mask: Mask?) {
        let images = try images(width: golden.width, height: golden.height, at: place)
        return (images.output, images.target, golden.masked ? images.mask : nil)
    }

    /// The same of a size.
    func images(
        width: Int, height: Int, at place: Place
    ) throws -> (output: Image, target: Image, mask: Mask) {
        let output = try Fixtures.crop(
            self.output, x: place.output[0], y: place.output[1], width, height)
        let target = try Fixtures.crop(
            self.target, x: place.target[0], y: place.target[1], width, height)
        return (output, target, try mask(place.holes, width, height))
    }

    private func mask(_ holes: [[Int]], _ width: Int, _ height: Int) throws -> Mask {
        var samples = [UInt8](repeating: 255, count: width * height)
        for hole in holes {
            for y in hole[1]..<min(height, hole[1] + hole[3]) {
                for x in hole[0]..<min(width, hole[0] + hole[2]) {
                    samples[y * width + x] = UInt8(hole[4])
                }
            }
        }
        let image = Image(width: width, height: height, channels: 1, uint8: samples)
        return try #require(Mask(image, polarity: .valid))
    }
}

/// A preset with all its terms, and what it must give for each of the three pairs.
struct PresetCase: Decodable, CustomTestStringConvertible {
    let preset: String
    /// "embedded" or "generated".
    let network: String
    let width: Int
    let height: Int
    let masked: Bool
    let variant: Variant
    let input: Input
    let terms: [PresetTerm]
    let samples: [Sample]

    struct Variant: Decodable {
        let pooling: String
        let scale: Float
        let rounding: String
        let padding: String
    }

    /// y = (scale · x − mean) / std, x in [0, 1] in that order of channels.
    struct Input: Decodable {
        let order: String
        let scale: Float
        let mean: [Float]
        let std: [Float]
    }

    struct PresetTerm: Decodable {
        let key: String
        let weight: Double
        /// The layers' weights; nil for a term without layers.
        let layers: [String: Double]?
    }

    struct Sample: Decodable {
        let total: Double
        let terms: [String: Value]
    }

    /// `layers` before any weight, `loss` with the layers' weights, before the term's.
    struct Value: Decodable {
        let loss: Double
        let layers: [String: Double]?
    }

    var testDescription: String {
        "\(preset) \(network) \(width)×\(height)\(masked ? " masked" : "") \(input.order)"
    }
}
