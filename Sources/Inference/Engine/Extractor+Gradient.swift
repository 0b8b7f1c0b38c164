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
            masks: [:], kept: kept, sources: Array(images.indices), from: 0, team: team)
    }

    /// - Parameters:
    ///   - masks: as for `run`.
    ///   - sources: the images that the tape is of, by position.
    ///   - signs: those of which differences.
    ///   - boundary: the first convolution that the tape keeps.
    func record(
        images: [Image], demands: [TapDemand], variant: NetworkVariant?,
        preprocessing: Preprocessing?, masks: [Int: Mask], kept: KeptFeatures, sources: [Int],
        signs: [SignDemand] = [], from boundary: Int, team: Team
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
            count: keptCount(
                layers.dropFirst(boundary), images: sources.count, demands, signs, variant,
                images[0].size), pool: buffers)
        let tape = Tape(
            variant: variant, preprocessing: preprocessing, sources: sources, signs: signs,
            plan: plan, from: boundary, arena: arena)
        let maps = maps(demands, variant, images[0].size, arena)
        let walk = try Walk(
            extractor: self, variant: variant, preprocessing: preprocessing, plan: plan,
            images: images, demands: demands, masks: masks, kept: kept, maps: maps, tape: tape,
            team: team)
        return (try walk.run(), tape)
    }

    // The floats of what a recorded walk keeps.
    private func keptCount(
        _ layers: ArraySlice<TapeLayerShape>, images: Int, _ demands: [TapDemand],
        _ signs: [SignDemand], _ variant: NetworkVariant, _ size: ImageSize
    ) -> Int {
        layers.reduce(mapsCount(demands, variant, size)) { $0 + $1.keptCount(images: images) }
            + signs.reduce(0) { $0 + SignMap.count(variant.features(of: size, at: $1.tap)) }
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
        let size = ImageSize(height: height, width: width)
        return imageCount * GradientSum.count(size) * MemoryLayout<Float>.stride
            + tapeBytes(
                RecordedStack(
                    size: size, images: imageCount, taped: imageCount, backImages: imageCount,
                    demands: taps.map { TapDemand(tap: $0) }),
                from: 0, variant: variant ?? network.defaultVariant, workers: workers)
    }

    /// What the bytes of both ways of a stack of images depend on.
    struct RecordedStack {
        let size: ImageSize
        /// How many images are walked, how many of them a tape is of, and how many have a way back.
        let images: Int, taped: Int, backImages: Int
        let demands: [TapDemand]
        var signs: [SignDemand] = []
        /// What is demanded of the layers that are walked again.
        var replayed: [TapDemand] = []
    }

    /// The bytes of both ways for a stack of images, beside the images, what the demands answer besides
    /// features, and the sums at the images: rows, scratch memory, what is kept, and kernels that have
    /// to be made first.
    func tapeBytes(
        _ stack: RecordedStack, from boundary: Int, variant: NetworkVariant, workers: Int
    ) -> Int {
        let (height, width) = (stack.size.height, stack.size.width)
        let forward = plan(
            variant, stack.demands, height: height, width: width, images: stack.images,
            workers: workers, recordedFrom: boundary)
        let layers = forward.tapeLayers(of: variant)
        let boundary = min(boundary, layers.count)
        let back = BackwardPlan(
            layers: layers, variant: variant, taps: stack.demands.map(\.tap),
            images: stack.backImages, workers: workers, tilesPerStep: tilesPerStep)
        let kept = keptCount(
            layers[boundary...], images: stack.taped, stack.demands, stack.signs, variant,
            stack.size)
        // The way back takes what the walk there left, if it is enough; else that lies idle, unless
        // layers are walked again.
        var arenas = forward.arenaCount
        if back.arenaCount > arenas { arenas += back.arenaCount }
        if boundary > 0 {
            let replay = replayPlan(
                layers, back, stack.replayed, from: boundary, variant, height: height,
                width: width, images: stack.taped, workers: workers)
            let room = zip(layers, replay.bitSlots).reduce(
                mapsCount(replay.demands, variant, stack.size, slots: replay.mapSlots)
            ) { $0 + $1.0.keptCount(images: stack.taped, slots: $1.1) }
            arenas = max(
                forward.arenaCount, back.arenaCount + replay.walk.arenaCount + room)
        }
        let scratch = max(
            forward.workspaceCount(mr: kernels.mr), back.workspaceCount(mr: kernels.mr))
        let used =
            convolutions.prefix(max(0, layers.count - 1))
            + transposed.prefix(max(0, back.stages.count - 1))
        let kernelBytes = used.reduce(0) { $0 + $1.transformedBytes - $1.madeBytes }
        return (kept + arenas + workers * scratch) * MemoryLayout<Float>.stride + kernelBytes
    }
}
