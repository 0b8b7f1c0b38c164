import Inference

/// Metrics that papers report, whole: the numbers that Scripts/benchmark-metrics prints beside packages.
extension Bench {
    func timeMetrics() throws {
        header("metrics (a pair of 256x256)")
        let evaluator = LossEvaluator(extractor: try extractor(.vgg16))
        for (title, name) in [("LPIPS", "lpips-vgg"), ("DISTS", "dists")] {
            guard let loss = Presets.named(name) else { continue }
            let pair = Pair(output: noise(256, 256, seed: 1), target: 0)
            let target = Target.image(noise(256, 256, seed: 2))
            let times = try Times {
                _ = try pool.runAndWait { team in
                    try evaluator.evaluate([pair], targets: [target], loss: loss, team: team)
                }
            }
            print("\(title) \(format(times.median, 1)) ms")
        }
    }
}
