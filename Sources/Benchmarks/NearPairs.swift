import Foundation
import Inference

/// What the walk of a difference costs beside the plain walk of the same pair, and what a small hole
/// saves: medians of processor time, the two ways in turn, so that other loads hardly matter.
extension Bench {
    func timeNearPairs() throws {
        header("nearly equal pairs: processor time, difference : plain")
        for workload in Workload.all where workload.pairs == 1 {
            let evaluator = LossEvaluator(extractor: try extractor(workload.architecture))
            let size = workload.size
            let target = noise(size, size, seed: 0)
            let near = nearImage(size, size, seed: 0)
            let pair = Pair(output: near, target: 0)
            try compareWays(workload.name, evaluator, pair, target, workload.loss)
        }
        let evaluator = LossEvaluator(extractor: try extractor(.vgg16))
        let loss = Workload.all[0].loss.compositesAlone
        for percent in [5, 20, 50, 100] {
            let pair = Pair(
                output: noise(256, 256, seed: 1), target: 0, mask: hole(256, percent: percent))
            try compareWays(
                "W1 composite, hole of \(percent) %", evaluator, pair, noise(256, 256, seed: 0),
                loss)
        }
    }

    private func compareWays(
        _ name: String, _ evaluator: LossEvaluator, _ pair: Pair, _ target: Image, _ loss: Loss
    ) throws {
        var times: [Precision: [Double]] = [:]
        for round in 0..<16 {
            for way in Precision.allCases {
                let start = clock()
                _ = try pool.runAndWait { team in
                    try evaluator.evaluate(
                        [pair], targets: [.image(target)], loss: loss, precision: way, team: team)
                }
                let milliseconds = Double(clock() - start) * 1e3 / Double(CLOCKS_PER_SEC)
                if round > 0 { times[way, default: []].append(milliseconds) }
            }
        }
        let medians = Precision.allCases.map { times[$0, default: []].sorted()[7] }
        print(
            "\(pad(name, 32)) \(pad(format(medians[0], 1), 8, left: true)) :"
                + "\(pad(format(medians[1], 1), 8, left: true)) ms   "
                + "\(format(medians[0] / medians[1], 2))")
    }
}

extension Loss {
    /// The terms of the composite, as pconv has them, and none of the output.
    fileprivate var compositesAlone: Loss {
        var loss = self
        loss.terms = terms.filter { $0.features != nil && $0.subject == .composite }
        return loss
    }
}

/// The noise of a seed with every sample changed by one step at most.
private func nearImage(_ height: Int, _ width: Int, seed: Int) -> Image {
    let changes = noiseBytes(3 * height * width, seed: seed + 1000)
    let samples = zip(noiseBytes(3 * height * width, seed: seed), changes).map { sample, change in
        change < 128 ? sample : sample < 128 ? sample + 1 : sample - 1
    }
    return Image(width: width, height: height, channels: 3, uint8: samples)
}

/// A square hole in the middle that takes so much of an image.
private func hole(_ size: Int, percent: Int) -> Mask? {
    let side = Int((Double(percent * size * size) / 100).squareRoot())
    let inside = (size - side) / 2..<(size + side) / 2
    let samples = (0..<size * size).map { i -> UInt8 in
        inside.contains(i / size) && inside.contains(i % size) ? 0 : 255
    }
    let image = Image(width: size, height: size, channels: 1, uint8: samples)
    return Mask(image, polarity: .valid)
}
