extension Extractor {
    /// The same as `run`, and a tape for the way back to the images. Every tap at which there will be
    /// a gradient is among the demands.
    /// - Throws: what `run` throws.
    public func record(
        images: [Image], demands: [TapDemand], variant: NetworkVariant? = nil,
        preprocessing: Preprocessing? = nil, kept: KeptFeatures = [:], team: Team
    ) throws(InferenceError) -> (results: [FeatureResult], tape: Tape) {
        try record(
            images: images, demands: demands, variant: variant, preprocessing: preprocessing,
            masks: [:], kept: kept, from: 0, team: team)
    }

    /// - Parameters:
    ///   - masks: as for `run`.
    ///   - boundary: the first convolution that the tape keeps.
    func record(
        images: [Image], demands: [TapDemand], variant: NetworkVariant?,
        preprocessing: Preprocessing?, masks: [Int: Mask], kept: KeptFeatures,
        from boundary: Int, team: Team
    ) throws(InferenceError) -> (results: [FeatureResult], tape: Tape) {
        let variant = variant ?? network.defaultVariant
        precondition(!images.isEmpty && !demands.isEmpty, "nothing to walk")
        try check(images, taps: demands.map(\.tap), variant)
        let plan = plan(
            variant, demands, height: images[0].height, width: images[0].width,
            images: images.count, workers: team.workers, recordedFrom: boundary)
        let preprocessing = preprocessing ?? network.preprocessing
        let layers = plan.tapeLayers(of: variant)
        let arena = try Arena(
            count: layers.dropFirst(boundary).reduce(0) { $0 + $1.keptCount(images: images.count) }
                + mapsCount(demands, variant, images[0].size), pool: buffers)
        let tape = Tape(
            variant: variant, preprocessing: preprocessing, images: images.count, plan: plan,
            from: boundary, arena: arena)
        let maps = maps(demands, variant, images[0].size, arena)
        let walk = try Walk(
            extractor: self, variant: variant, preprocessing: preprocessing, plan: plan,
            images: images, demands: demands, masks: masks, kept: kept, maps: maps, tape: tape,
            team: team)
        return (try walk.run(), tape)
    }

    /// Features that a walk keeps, in an arena: all rows, or so many at each tap.
    func maps(
        _ demands: [TapDemand], _ variant: NetworkVariant, _ size: ImageSize,
        slots: [Tap: Int] = [:], _ arena: Arena
    ) -> [Tap: [Int: FeatureMap]] {
        var maps: [Tap: [Int: FeatureMap]] = [:]
        for demand in demands {
            let shape = variant.features(of: size, at: demand.tap)
            for image in demand.features.maps {
                maps[demand.tap, default: [:]][image] = FeatureMap(
                    channels: shape.channels, height: shape.height, width: shape.width,
                    slots: slots[demand.tap], arena: arena)
            }
        }
        return maps
    }

    /// The floats that they take of it.
    func mapsCount(
        _ demands: [TapDemand], _ variant: NetworkVariant, _ size: ImageSize,
        slots: [Tap: Int] = [:]
    ) -> Int {
        demands.reduce(0) { total, demand in
            let shape = variant.features(of: size, at: demand.tap)
            let rows = min(slots[demand.tap] ?? shape.height, shape.height)
            return total
                + demand.features.maps.count * Arena.rounded(rows * shape.channels * shape.width)
        }
    }

    /// The gradients with respect to the recorded images, RGB in [0, 1], of what has the gradients
    /// given with respect to features: vector–Jacobian products of the network.
    ///
    /// ReLU′(0) = 0, and a maximum passes its gradient to the first largest in row-major order, as
    /// PyTorch has it, in flat regions too (`TapeLayer.tieTolerance`). What comes out for an image does
    /// not depend on the others of the stack, on threads or on load.
    ///
    /// The first gradient that reaches a layer prepares its kernels for the way back, as many bytes
    /// as for the way there.
    /// - Throws: `cancelled`, `outOfMemory`.
    public func gradients(
        _ tape: Tape, cotangents: [Cotangent], team: Team
    ) throws(InferenceError) -> [ImageGradient] {
        precondition(cotangents.allSatisfy { $0.slopes.count == tape.images }, "one list an image")
        let sums = try (0..<tape.images).map { _ throws(InferenceError) in
            try GradientSum(ImageSize(height: tape.height, width: tape.width))
        }
        var sinks = GradientSinks(tape.preprocessing)
        for (image, sum) in sums.enumerated()
        where cotangents.contains(where: { !$0.slopes[image].isEmpty }) {
            sinks.add(image, to: sum)
        }
        try addGradients(tape, cotangents, to: sinks, team: team)
        return sums.map { $0.finished() }
    }

    /// Adds the gradients at recorded images to what the sinks say.
    func addGradients(
        _ tape: Tape, _ cotangents: [Cotangent], to sinks: GradientSinks, team: Team
    ) throws(InferenceError) {
        precondition(tape.boundary == 0, "what is not kept has to be walked again")
        guard !cotangents.isEmpty, !sinks.images.isEmpty else { return }
        let plan = BackwardPlan(
            layers: tape.layers.map(\.plan), variant: tape.variant, taps: cotangents.map(\.tap),
            images: sinks.images.count, workers: team.workers, tilesPerStep: tilesPerStep)
        try BackwardWalk(
            extractor: self, tape: tape, plan: plan, cotangents: cotangents, sinks: sinks,
            team: team
        ).run()
    }

    /// The bytes that `record` and then `gradients` take for a stack of images, beside the images and
    /// what the demands answer, and the gradients at taps.
    public func gradientBytes(
        imageCount: Int, height: Int, width: Int, taps: [Tap], variant: NetworkVariant? = nil,
        workers: Int
    ) -> Int {
        let sums = imageCount * GradientSum.count(ImageSize(height: height, width: width))
        return 2 * sums * MemoryLayout<Float>.stride
            + tapeBytes(
                images: imageCount, backImages: imageCount, height: height, width: width,
                demands: taps.map { TapDemand(tap: $0) }, from: 0,
                variant: variant ?? network.defaultVariant, workers: workers)
    }

    /// The bytes of both ways for a stack of images, beside the images, what the demands answer and the
    /// sums at the images: rows, scratch memory, what is kept, and kernels that have to be made first.
    func tapeBytes(
        images: Int, backImages: Int, height: Int, width: Int, demands: [TapDemand],
        from boundary: Int, variant: NetworkVariant, workers: Int
    ) -> Int {
        let forward = plan(
            variant, demands, height: height, width: width, images: images, workers: workers,
            recordedFrom: boundary)
        let layers = forward.tapeLayers(of: variant)
        let boundary = min(boundary, layers.count)
        let back = BackwardPlan(
            layers: layers, variant: variant, taps: demands.map(\.tap), images: backImages,
            workers: workers, tilesPerStep: tilesPerStep)
        var kept = layers[boundary...].reduce(0) { $0 + $1.keptCount(images: images) }
        var arenas = [forward.arenaCount, back.arenaCount]
        if boundary > 0 {
            let replay = replayPlan(
                layers, back, demands, from: boundary, variant, height: height, width: width,
                images: images, workers: workers)
            arenas.append(replay.walk.arenaCount)
            for (layer, slots) in zip(layers, replay.bitSlots) {
                kept += layer.keptCount(images: images, slots: slots)
            }
            kept += mapsCount(
                replay.demands, variant, ImageSize(height: height, width: width),
                slots: replay.mapSlots)
        }
        let scratch = max(
            forward.workspaceCount(mr: kernels.mr), back.workspaceCount(mr: kernels.mr))
        let used =
            convolutions.prefix(max(0, layers.count - 1))
            + transposed.prefix(
                max(0, back.stages.count - 1))
        let kernelBytes = used.reduce(0) { $0 + $1.transformedBytes - $1.madeBytes }
        return (arenas.reduce(kept, +) + workers * scratch) * MemoryLayout<Float>.stride
            + kernelBytes
    }
}
