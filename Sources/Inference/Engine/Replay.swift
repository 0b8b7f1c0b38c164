/// A way back of which what is not on the tape is walked again, beside it.
struct Replay {
    let plan: ReplayPlan
    /// The tape with room for the rows that are alive.
    let tape: Tape
    /// The features that the gradients at taps are made of, by tap and by position on the tape: the
    /// rows that are alive.
    let maps: [Tap: [Int: FeatureMap]]
}

extension Extractor {
    /// Makes ready for a way back that begins at taps, and gives back what earlier walks left idle.
    /// - Parameters:
    ///   - demands: the maps that the gradients at them are made of, of convolutions before the tape's
    ///     boundary.
    ///   - backImages: how many images have a way back.
    /// - Throws: `outOfMemory`.
    func replay(
        _ tape: Tape, from taps: [Tap], demands: [TapDemand], backImages: Int, workers: Int
    ) throws(InferenceError) -> Replay {
        let layers = tape.layers.map(\.plan)
        let back = BackwardPlan(
            layers: layers, variant: tape.variant, taps: taps, images: backImages,
            workers: workers, tilesPerStep: tilesPerStep)
        let plan = replayPlan(
            layers, back, demands, from: tape.boundary, tape.variant, height: tape.height,
            width: tape.width, images: tape.images, workers: workers)
        let size = ImageSize(height: tape.height, width: tape.width)
        let count = zip(layers, plan.bitSlots).reduce(0) {
            $0 + $1.0.keptCount(images: tape.images, slots: $1.1)
        }
        // What the walk there left fits nothing that follows, and would lie beside it at the peak.
        buffers.releaseAll()
        let arena = try Arena(
            count: count + mapsCount(plan.demands, tape.variant, size, slots: plan.mapSlots),
            pool: buffers)
        return Replay(
            plan: plan, tape: tape.withRoom(slots: plan.bitSlots, arena: arena),
            maps: maps(plan.demands, tape.variant, size, slots: plan.mapSlots, arena))
    }

    func replayPlan(
        _ layers: [TapeLayerShape], _ back: BackwardPlan, _ demands: [TapDemand],
        from boundary: Int, _ variant: NetworkVariant, height: Int, width: Int, images: Int,
        workers: Int
    ) -> ReplayPlan {
        let boundary = min(boundary, back.stages.count)
        let demands = demands.filter { demand in
            layers[..<boundary].contains { layer in
                Tap.Kind.allCases.contains { layer.shape.tap($0) == demand.tap }
            }
        }
        let walk = plan(
            variant, demands, through: layers[boundary - 1].shape.reluTap, height: height,
            width: width, images: images, workers: workers, recordedFrom: 0)
        return ReplayPlan(walk: walk, demands: demands, back: back)
    }

    /// The same as `addGradients` of a tape that keeps everything, bit for bit; the images are those of
    /// the tape.
    func addGradients(
        _ replay: Replay, _ images: [Image], _ cotangents: [Cotangent], to sinks: GradientSinks,
        team: Team
    ) throws(InferenceError) {
        let tape = replay.tape
        let walk = try Walk(
            extractor: self, variant: tape.variant, preprocessing: tape.preprocessing,
            plan: replay.plan.walk, images: images, demands: replay.plan.demands, maps: replay.maps,
            tape: tape, team: team)
        try BackwardWalk(
            extractor: self, tape: tape, plan: replay.plan.back, cotangents: cotangents,
            replay: (walk, replay.plan), sinks: sinks, team: team
        ).run()
    }
}
