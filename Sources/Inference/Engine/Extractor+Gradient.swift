extension Extractor {
    /// The same as `run`, and a tape for the way back to the images. Every tap at which there will be
    /// a gradient is among the demands.
    /// - Throws: what `run` throws.
    public func record(
        images: [Image], demands: [TapDemand], variant: NetworkVariant? = nil,
        preprocessing: Preprocessing? = nil, kept: KeptFeatures = [:], team: Team
    ) throws(InferenceError) -> (results: [FeatureResult], tape: Tape) {
        let variant = variant ?? network.defaultVariant
        precondition(!images.isEmpty && !demands.isEmpty, "nothing to walk")
        try check(images, taps: demands.map(\.tap), variant)
        let plan = plan(
            variant, demands, height: images[0].height, width: images[0].width,
            images: images.count, workers: team.workers, isRecorded: true)
        let preprocessing = preprocessing ?? network.preprocessing
        let tape = Tape(
            variant: variant, preprocessing: preprocessing, images: images.count, plan: plan)
        var walk = Walk(
            extractor: self, variant: variant, preprocessing: preprocessing, plan: plan,
            images: images, demands: demands, kept: kept, tape: tape, team: team)
        return (try walk.run(), tape)
    }

    /// The gradients with respect to the recorded images, RGB in [0, 1], of what has the gradients
    /// given with respect to features: vector–Jacobian products of the network.
    ///
    /// ReLU′(0) = 0, and a maximum passes its gradient to the first largest in row-major order, as
    /// PyTorch has it, in flat regions too (`TapeLayer.tieTolerance`). What comes out for an image does not depend on the others of the stack, on threads or on load.
    ///
    /// The first gradient that reaches a layer prepares its kernels for the way back, as many bytes
    /// as for the way there.
    /// - Throws: `cancelled`.
    public func gradients(
        _ tape: Tape, cotangents: [Cotangent], team: Team
    ) throws(InferenceError) -> [ImageGradient] {
        precondition(cotangents.allSatisfy { $0.slopes.count == tape.images }, "one list an image")
        guard !cotangents.isEmpty else { return zeros(tape) }
        let plan = BackwardPlan(
            layers: tape.layers.map(\.plan), variant: tape.variant, taps: cotangents.map(\.tap),
            images: tape.images, workers: team.workers, tilesPerStep: tilesPerStep)
        var walk = BackwardWalk(
            extractor: self, tape: tape, plan: plan, cotangents: cotangents, team: team)
        return try walk.run()
    }

    /// The bytes that `record` and then `gradients` take for a stack of images, beside the images,
    /// what the demands answer, and the gradients at taps.
    public func gradientBytes(
        imageCount: Int, height: Int, width: Int, taps: [Tap], variant: NetworkVariant? = nil,
        workers: Int
    ) -> Int {
        let variant = variant ?? network.defaultVariant
        let demands = taps.map { TapDemand(tap: $0) }
        let forward = plan(
            variant, demands, height: height, width: width, images: imageCount, workers: workers,
            isRecorded: true)
        let layers = forward.tapeLayers(of: variant)
        let backward = BackwardPlan(
            layers: layers, variant: variant, taps: taps, images: imageCount, workers: workers,
            tilesPerStep: tilesPerStep)
        let kept = layers.reduce(0) { $0 + $1.keptCount(images: imageCount) }
        let scratch = max(
            forward.workspaceCount(mr: kernels.mr), backward.workspaceCount(mr: kernels.mr))
        let gradients = 2 * 3 * imageCount * height * width
        // Both arenas: the pool keeps the first one.
        let count =
            forward.arenaCount + backward.arenaCount + kept + workers * scratch + gradients
        return count * MemoryLayout<Float>.stride
    }

    private func zeros(_ tape: Tape) -> [ImageGradient] {
        let values = [Float](repeating: 0, count: 3 * tape.height * tape.width)
        return Array(
            repeating: ImageGradient(height: tape.height, width: tape.width, values: values),
            count: tape.images)
    }
}
