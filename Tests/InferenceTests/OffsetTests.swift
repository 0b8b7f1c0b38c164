import Foundation
import Inference
import TestSupport
import Testing

/// Images that are nearly constant, so that features have a mean up to forty times their deviations:
/// what is left of them against float64 (Scripts/fixtures/offsets.py).
struct OffsetTests {
    struct Goldens: Decodable {
        struct Case: Decodable, CustomTestStringConvertible {
            let levels: [Int]
            let terms: [String: [String: Double]]
            var testDescription: String { "\(levels)" }
        }
        let width: Int
        let height: Int
        let cases: [Case]
    }

    private static let goldens = Result {
        try JSONDecoder().decode(
            Goldens.self,
            from: Data(contentsOf: Fixtures.directory.appending(path: "offsets.json")))
    }
    private static var cases: [Goldens.Case] { get throws { try goldens.get().cases } }
    private static let pool = WorkerPool(workers: 2)
    private static let embedded = Result {
        LossEvaluator(extractor: Extractor(network: try Fixtures.embedded.get()))
    }

    // The formula of `pixels`.
    private func image(_ level: Int, _ number: Int) throws -> Image {
        let (width, height) = (try Self.goldens.get().width, try Self.goldens.get().height)
        var samples: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<3 {
                    let step = (7 * x + 13 * y + 5 * c + (number + 2) * x * y) % 17 - 14
                    samples.append(UInt8(level + max(0, step)))
                }
            }
        }
        return Image(width: width, height: height, channels: 3, uint8: samples)
    }

    private static let measures: [String: (Statistic, Distance)] = [
        "gram": (.gram(Gram(.elements)), .l1),
        "covariance": (.gram(Gram(.positions, isCentred: true)), .l1),
        "moments": (.meanDeviation(eps: 1e-5, isUnbiased: true), .squared),
        "wasserstein": (.gaussian(eps: 1e-4, steps: 12), .wasserstein),
    ]

    @Test(arguments: try cases)
    func `a large common mean costs no digit that the features have`(
        golden: Goldens.Case
    ) throws {
        let images = try golden.levels.enumerated().map { try image($1, $0) }
        let terms = try golden.terms.sorted { $0.key < $1.key }.map { key, layers in
            let (statistic, distance) = try #require(Self.measures[key])
            return Term(
                key, weight: 1,
                .features(
                    FeatureMeasure(
                        layers.keys.sorted().map { LayerWeight($0) }, statistic, distance)))
        }
        let loss = Loss(
            name: "offsets", summary: "", citation: "", network: LossNetwork(padding: .reflect),
            terms: terms)
        let evaluator = try Self.embedded.get()
        for precision in [Precision.plain, nil] {
            let losses = try Self.pool.runAndWait { team in
                try evaluator.evaluate(
                    [Pair(output: images[0], target: 0)], targets: [.image(images[1])], loss: loss,
                    precision: precision, team: team
                ).losses[0]
            }
            for term in losses.terms {
                for layer in term.layers ?? [] {
                    let expected = try #require(golden.terms[term.key]?[layer.name])
                    // The features' own error, 1e-7 of their mean, is forty times that of what they
                    // deviate by.
                    #expect(
                        abs(layer.loss / expected - 1) < 2e-5,
                        "\(term.key) \(layer.name): \(layer.loss), not \(expected)")
                }
            }
        }
    }
}
