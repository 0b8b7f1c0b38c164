import Inference

/// A standard workload: pairs of images through the network, then Gram + L1 and feature L1 at every tap.
struct Workload {
    let name: String
    let architecture: Architecture
    let taps: [String]
    let size: Int
    let pairs: Int

    static let all = [
        Workload(
            name: "W1", architecture: .vgg16, taps: ["pool1", "pool2", "pool3"], size: 256, pairs: 1
        ),
        Workload(
            name: "W2", architecture: .vgg16,
            taps: ["relu1_2", "relu2_2", "relu3_3", "relu4_3"], size: 256, pairs: 1),
        Workload(
            name: "W3", architecture: .vgg19,
            taps: ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"], size: 512, pairs: 1),
        Workload(
            name: "W4", architecture: .vgg16,
            taps: ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"], size: 224, pairs: 8),
    ]

    static func named(_ name: String) -> Workload? { all.first { $0.name == name } }

    /// Billions of operations of direct convolution, both images of every pair.
    var gflop: Double {
        2 * Double(pairs) * gflopOfWalk(architecture, taps, height: size, width: size)
    }

    var loss: Loss {
        let layers = taps.map { LayerWeight($0) }
        return Presets.all[0].changed(style: layers, perceptual: layers)
    }
}

enum BenchmarkError: Error { case noAnswer(String) }

/// Billions of operations of direct convolution for one image up to the last tap.
func gflopOfWalk(
    _ architecture: Architecture, _ taps: [String], height: Int, width: Int
) -> Double {
    let wanted = taps.compactMap { Tap($0) }
    var total = 0.0
    var size = (height: height, width: width)
    var rest = Set(wanted)
    for layer in VGG.convolutions(architecture) where !rest.isEmpty {
        total += 18 * Double(size.height * size.width * layer.inChannels * layer.outChannels)
        rest.subtract([layer.convTap, layer.reluTap] + [layer.poolTap].compactMap { $0 })
        if layer.isFollowedByPool { size = (size.height / 2, size.width / 2) }
    }
    return total / 1e9
}

extension Bench {
    /// Features, Gram matrices and L1, whole.
    func timeWorkloads(_ workloads: [Workload]) throws {
        if !workloads.isEmpty { header("workloads (features, Gram, L1)") }
        for workload in workloads {
            let evaluator = LossEvaluator(extractor: try extractor(workload.architecture))
            let targets = (0..<workload.pairs).map {
                Target.image(noise(workload.size, workload.size, seed: $0))
            }
            let pairs = (0..<workload.pairs).map {
                Pair(output: noise(workload.size, workload.size, seed: 100 + $0), target: $0)
            }
            let loss = workload.loss
            let times = try Times {
                _ = try pool.runAndWait { team in
                    try evaluator.evaluate(
                        pairs, targets: targets, loss: loss, team: team)
                }
            }
            line(
                "\(workload.name) \(workload.architecture) \(workload.size)x\(workload.size) "
                    + "\(workload.pairs) pair(s)", times, gflop: workload.gflop)
            if workload.pairs == 1 {
                try timeStoredTarget(workload, evaluator, pairs[0], targets[0], loss, times)
            }
        }
    }

    // The same target again: only the output is walked.
    private func timeStoredTarget(
        _ workload: Workload, _ evaluator: LossEvaluator, _ pair: Pair, _ target: Target,
        _ loss: Loss, _ whole: Times
    ) throws {
        let first = try pool.runAndWait { team in
            try evaluator.evaluate(
                [pair], targets: [target], loss: loss, keeping: [0], team: team)
        }
        guard let statistics = first.statistics[0] else { return }
        let times = try Times {
            _ = try pool.runAndWait { team in
                try evaluator.evaluate(
                    [pair], targets: [.statistics(statistics)], loss: loss, team: team)
            }
        }
        line("\(workload.name) target seen before", times, gflop: workload.gflop / 2)
        print(
            "\(pad("", 44)) \(pad(format(times.median / whole.median, 2), 8, left: true)) "
                + "of a new pair's time")
    }

    func extractor(_ architecture: Architecture) throws -> Extractor {
        Extractor(network: try generatedNetwork(architecture), instructionSet: instructionSet)
    }
}
