import Inference

extension Bench {
    /// Gram + L1 of a given (8, 256, 64, 64) pair: no network.
    func timeFeatures() throws {
        header("given features (8, 256, 64, 64): Gram + L1")
        let shape = [8, 256, 64, 64]
        let count = shape.reduce(1, *)
        for name in ["float32", "float64"] {
            let bytes = noiseBytes(2 * count, seed: 5)
            let dimensions = try FeatureDimensions(name: "features", sizes: shape, layout: .nchw)
            let tensors = [0, count].map { start in
                let part = bytes[start..<start + count]
                return FeatureTensor(
                    dimensions,
                    name == "float32"
                        ? .float32(part.map { Float($0) / 255 })
                        : .float64(part.map { Double($0) / 255 }))
            }
            let evaluator = try FeatureEvaluator(
                Presets.all[0].given(layers: ["features"]),
                layers: [(name: "features", output: dimensions, target: dimensions)])
            let times = try Times {
                _ = try pool.runAndWait { team in
                    try evaluator.evaluate(
                        [(output: tensors[0], target: tensors[1])], instructionSet: instructionSet,
                        team: team)
                }
            }
            // As numpy and PyTorch count it: the whole square matrix.
            let gflop = 2.0 * 8 * 256 * 256 * 4096 / 1e9
            line(name, times, gflop: 2 * gflop)
            let both = try Times {
                _ = try pool.runAndWait { team in
                    try evaluator.gradients(
                        [(output: tensors[0], target: tensors[1])], instructionSet: instructionSet,
                        team: team)
                }
            }
            line("\(name) loss + gradient", both, gflop: 3 * gflop)
        }
    }
}
