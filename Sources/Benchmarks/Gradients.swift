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
            let (bytes, estimate) = try run.memory()
            print(
                "\(pad("", 44)) \(pad(format(both.median / alone.median, 2), 8, left: true)) of the "
                    + "loss's time, \(bytes >> 20) MiB more (estimated \(estimate >> 20))")
        }
    }

    /// Pairs to pool3 at growing sizes: the losses of the pair, and its losses and gradient, in time
    /// (the least of three up to a megapixel) and in the peak of resident memory above what was there.
    func timeLargeGradients() throws {
        header("large pairs (VGG-16 to pool3): losses, and losses + gradient, target new")
        let network = try generatedNetwork(.vgg16)
        for (height, width) in [
            (512, 512), (1024, 1024), (2048, 2048), (4096, 4096), (16384, 512),
        ] {
            let extractor = Extractor(network: network, instructionSet: instructionSet)
            let evaluator = LossEvaluator(extractor: extractor)
            let run = { (height: Int, width: Int) in
                let images = (1...2).map { noise(height, width, seed: $0) }
                return GradientRun(
                    pool: pool, evaluator: evaluator,
                    pairs: [Pair(output: images[0], target: 0)], targets: [.image(images[1])],
                    loss: Presets.all[0])
            }
            // Kernels are transformed beforehand.
            try run(64, 64).differentiate()
            let large = run(height, width)
            var alone = try milliseconds { try large.evaluate() }
            extractor.buffers.releaseAll()
            Memory.trim()
            Memory.resetPeak()
            let before = Memory.residentBytes
            var both = try milliseconds { try large.differentiate() }
            let (bytes, all) = (Memory.peakBytes - before, Memory.peakBytes)
            for _ in 0..<(height * width <= 1 << 20 ? 2 : 0) {
                alone = min(alone, try milliseconds { try large.evaluate() })
                both = min(both, try milliseconds { try large.differentiate() })
            }
            print(
                "\(pad("\(height)x\(width)", 14)) \(pad(format(alone, 0), 8, left: true)) ms  "
                    + "\(pad(format(both, 0), 8, left: true)) ms with the gradient "
                    + "(\(format(both / alone, 2)))  \(bytes >> 20) MiB more (estimated "
                    + "\(try large.estimate() >> 20)), \(all >> 20) MiB in all")
        }
    }

    private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start).milliseconds
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

    func differentiate() throws {
        _ = try pool.runAndWait { team in
            try evaluator.gradients(
                pairs, targets: targets, loss: loss, of: [Set(loss.terms.indices)], team: team)
        }
    }

    /// The peak of one run above what is resident once the engine has its kernels, and the estimate.
    func memory() throws -> (bytes: Int, estimate: Int) {
        let extractor = evaluator.extractor
        extractor.buffers.releaseAll()
        Memory.trim()
        Memory.resetPeak()
        let before = Memory.residentBytes
        try differentiate()
        return (Memory.peakBytes - before, try estimate())
    }

    func estimate() throws -> Int {
        let shapes = targets.map { target in
            if case .statistics = target {
                TargetShape(size: target.size, isStored: true)
            } else {
                TargetShape(size: target.size)
            }
        }
        return try evaluator.estimateGradientBytes(
            pairs: pairs.map(\.shape), targets: shapes, loss: loss, count: 1,
            workers: pool.workers)
    }
}
