import Inference

extension Bench {
    /// Losses of targets seen before, alone and with the gradient by the output, with the peak of
    /// resident memory above what was there.
    func timeGradients(_ workloads: [Workload]) throws {
        header("loss and gradient, target seen before")
        for workload in workloads {
            let evaluator = LossEvaluator(extractor: try extractor(workload.architecture))
            let pairs = (0..<workload.pairs).map {
                Pair(output: noise(workload.size, workload.size, seed: 100 + $0), target: $0)
            }
            let targets = try seenTargets(workload, evaluator)
            let run = GradientRun(
                pool: pool, evaluator: evaluator, pairs: pairs, targets: targets,
                loss: workload.loss)
            let alone = try Times { try run.evaluate() }
            line("\(workload.name) loss", alone, gflop: workload.gflop / 2)
            let both = try Times { try run.differentiate() }
            line("\(workload.name) loss + gradient", both, gflop: workload.gflop)
            let (bytes, estimate) = try run.memory(extractor(workload.architecture))
            print(
                "\(pad("", 44)) \(pad(format(both.median / alone.median, 2), 8, left: true)) of the "
                    + "loss's time, \(bytes >> 20) MiB more (estimated \(estimate >> 20))")
        }
    }

    private func seenTargets(
        _ workload: Workload, _ evaluator: LossEvaluator
    ) throws -> [Target] {
        let images = (0..<workload.pairs).map { noise(workload.size, workload.size, seed: $0) }
        let pairs = images.indices.map { Pair(output: images[$0], target: $0) }
        let first = try pool.runAndWait { team in
            try evaluator.evaluate(
                pairs, targets: images.map(Target.image), loss: workload.loss,
                keeping: Set(images.indices), precision: .plain, team: team)
        }
        return images.indices.compactMap { first.statistics[$0].map(Target.statistics) }
    }
}

/// Pairs whose losses and gradients are computed again and again.
struct GradientRun {
    let pool: WorkerPool
    let evaluator: LossEvaluator
    let pairs: [Pair]
    let targets: [Target]
    let loss: Loss

    func evaluate() throws {
        _ = try pool.runAndWait { team in
            try evaluator.evaluate(pairs, targets: targets, loss: loss, team: team)
        }
    }

    func differentiate() throws { try differentiate(evaluator) }

    private func differentiate(_ evaluator: LossEvaluator) throws {
        _ = try pool.runAndWait { team in
            try evaluator.gradients(
                pairs, targets: targets, loss: loss, of: [Set(loss.terms.indices)], team: team)
        }
    }

    /// The peak of one run above what is resident once an engine has its kernels, and the estimate.
    func memory(_ extractor: Extractor) throws -> (bytes: Int, estimate: Int) {
        let evaluator = LossEvaluator(extractor: extractor)
        try differentiate(evaluator)
        extractor.releaseIdleBuffers()
        Memory.trim()
        Memory.resetPeak()
        let before = Memory.residentBytes
        try differentiate(evaluator)
        let bytes = Memory.peakBytes - before
        let estimate = try evaluator.estimateGradientBytes(
            pairs: pairs.map(\.shape),
            targets: targets.map { TargetShape(size: $0.image.size, isStored: true) }, loss: loss,
            count: 1, workers: pool.workers)
        return (bytes, estimate)
    }
}
