extension Extractor {
    /// The same as `run`, and a tape for the way back to the images. Every tap at which there will be
    /// a gradient is among the demands.
    /// - Throws: what `run` throws.
    public func record(
        images: [Image], demands: [TapDemand], variant: NetworkVariant? = nil,
        preprocessing: Preprocessing? = nil, team: Team
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
            images: images, demands: demands, tape: tape, team: team)
        return (try walk.run(), tape)
    }

    /// The gradients with respect to the recorded images, RGB in [0, 1], of what has the gradients
    /// given with respect to features: vector–Jacobian products of the network.
    ///
    /// ReLU′(0) = 0, and a maximum passes its gradient to the first largest in row-major order, as
    /// PyTorch has it; what differs by rounding alone is equal (`TapeLayer.tieTolerance`). What comes
    /// out for an image does not depend on the others of the stack, on threads or on load.
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
            tape: tape, taps: cotangents.map(\.tap), workers: team.workers,
            tilesPerStep: tilesPerStep)
        var walk = BackwardWalk(
            extractor: self, tape: tape, plan: plan, cotangents: cotangents, team: team)
        return try walk.run()
    }

    private func zeros(_ tape: Tape) -> [ImageGradient] {
        let values = [Float](repeating: 0, count: 3 * tape.height * tape.width)
        return Array(
            repeating: ImageGradient(height: tape.height, width: tape.width, values: values),
            count: tape.images)
    }
}
