/// The way back of one stack of images: from the gradients at taps to those at the images, a few rows at
/// a time, the mirror image of `Walk`.
///
/// A stage is one convolution. It takes the gradient that leaves its ReLU or pool (what the stage
/// behind it made, plus what taps add), lets through what the tape says, and convolves it back to its
/// input. What the tape does not keep is walked again, as far as each step needs it.
struct BackwardWalk {
    private let extractor: Extractor
    private let tape: Tape
    private let plan: BackwardPlan
    private let team: Team
    private let cotangents: [Tap: Cotangent]
    private let replay: (walk: Walk, plan: ReplayPlan)?
    private let arena: Arena
    /// The gradient that leaves each stage, after its ReLU or pool; no rows where it is passed behind.
    private let leaving: [RowRing]
    /// The gradient at each convolution's output, with the stage's margin.
    private let outputs: [RowRing]
    /// The gradient at a convolution's input with its margin, where there is one.
    private let padded: [RowRing?]
    /// What taps add after a ReLU whose pool is passed first.
    private let beside: [RowRing?]
    private let zeros: UnsafeMutablePointer<Float>
    private let sinks: GradientSinks
    private let splitsColumns: Bool

    /// - Parameters:
    ///   - cotangents: their lists have one entry an image of the tape; `plan` is of those images of it
    ///     that the sinks name.
    ///   - replay: the walk of what the tape does not keep.
    init(
        extractor: Extractor, tape: Tape, plan: BackwardPlan, cotangents: [Cotangent],
        replay: (walk: Walk, plan: ReplayPlan)? = nil, sinks: GradientSinks, team: Team
    ) throws(InferenceError) {
        self.extractor = extractor
        self.tape = tape
        self.plan = plan
        self.team = try team.reserving(scratch: plan.workspaceCount(mr: extractor.kernels.mr))
        self.replay = replay
        self.sinks = sinks
        self.cotangents = Dictionary(uniqueKeysWithValues: cotangents.map { ($0.tap, $0) })
        let arena = try Arena(count: plan.arenaCount, pool: extractor.buffers)
        self.arena = arena
        let ring = { (height: Int, width: Int, blocks: Int, slots: Int) in
            RowRing(
                height: height, width: width, blocks: blocks, slots: slots, images: plan.images,
                arena: arena)
        }
        leaving = plan.stages.indices.map { index in
            let stage = plan.stages[index]
            return ring(
                stage.leavingHeight, stage.leavingWidth, stage.outBlocks, plan.leavingSlots(index))
        }
        outputs = plan.stages.indices.map { index in
            let stage = plan.stages[index]
            return ring(
                stage.paddedHeight, stage.paddedWidth, stage.outBlocks, plan.outputSlots(index))
        }
        padded = plan.stages.indices.map { index in
            let stage = plan.stages[index]
            guard stage.margin > 0 && index > 0 else { return nil }
            return ring(
                stage.paddedHeight, stage.paddedWidth, stage.inBlocks, plan.paddedSlots(index))
        }
        beside = plan.stages.indices.map { index in
            let stage = plan.stages[index]
            guard stage.hasBeside else { return nil }
            return ring(stage.height, stage.width, stage.outBlocks, plan.outputSlots(index))
        }
        zeros = arena.floats(plan.zerosCount)
        zeros.update(repeating: 0, count: plan.zerosCount)
        splitsColumns = plan.images < 2 * team.workers
    }

    /// Walks to the images.
    func run() throws(InferenceError) {
        try BackwardSchedule(plan).run { step throws(InferenceError) in try perform(step) }
    }

    private func perform(_ step: BackwardSchedule.Step) throws(InferenceError) {
        try team.checkCancelled()
        if let replay {
            try replay.plan.forEachNeed(of: step) { stage, rows, kind throws(InferenceError) in
                try replay.walk.advance(stage, to: rows, kind)
            }
        }
        switch step {
        case .enter(let index, let rows):
            clear(leaving[index], rows: rows)
            addCotangents(at: plan.leavingTap(index), rows, to: leaving[index])
        case .pass(let index, let rows):
            makeOutput(index, rows)
        case .convolve(0, let bands, _):
            convolveFirst(bands)
        case .convolve(let index, let bands, _) where plan.stages[index - 1].isPassedBehind:
            try convolve(
                index, bands, into: outputs[index - 1],
                pass: tape.layers[index - 1].alive.map {
                    ImageBits(bits: $0, images: sinks.images)
                })
        case .convolve(let index, let bands, let rows):
            try convolve(index, bands, into: padded[index] ?? leaving[index - 1])
            finishLeaving(index - 1, rows)
        }
    }

    // The gradient at a convolution's output: rows of the layer, whole windows.
    private func makeOutput(_ index: Int, _ rows: Range<Int>) {
        let stage = plan.stages[index]
        if let beside = beside[index] {
            clear(beside, rows: rows)
            addCotangents(at: stage.shape.reluTap, rows, to: beside)
        }
        pass(index, rows)
        addCotangents(
            at: stage.shape.convTap, rows, to: outputs[index], margin: stage.margin)
    }

    private func pass(_ index: Int, _ rows: Range<Int>) {
        let stage = plan.stages[index]
        let passage = Passage(
            layer: tape.layers[index], isPooled: stage.isPooled, margin: stage.margin,
            kernels: extractor.kernels, sources: sinks.images, leaving: leaving[index],
            beside: beside[index], output: outputs[index])
        // The margins' rows beside those of the layer.
        let isFirst = rows.lowerBound == 0
        let isLast = rows.upperBound == stage.height
        let begin = rows.lowerBound + (isFirst ? 0 : stage.margin)
        let ringRows = begin..<rows.upperBound + (isLast ? 2 : 1) * stage.margin
        team.parallelWithWorkspace(ringRows.count * plan.images) { item, workspace in
            let (image, place) = item.quotientAndRemainder(dividingBy: ringRows.count)
            passage.run(
                ringRow: ringRows.lowerBound + place, image: image, workspace: workspace)
        }
    }

    // Rows of the gradient that leaves a stage are complete: fold margins, add what taps have.
    private func finishLeaving(_ index: Int, _ rows: Range<Int>) {
        guard !rows.isEmpty else { return }
        if let padded = padded[index + 1] {
            let fold = plan.stages[index + 1].fold
            team.parallel(rows.count * plan.images) { item in
                let (image, place) = item.quotientAndRemainder(dividingBy: rows.count)
                fold.run(
                    row: rows.lowerBound + place, image: image, from: padded, to: leaving[index],
                    kernels: extractor.kernels)
            }
        }
        addCotangents(at: plan.leavingTap(index), rows, to: leaving[index])
    }

    private func convolve(
        _ index: Int, _ bands: Range<Int>, into ring: RowRing, pass: ImageBits? = nil
    ) throws(InferenceError) {
        let stage = plan.stages[index]
        let convolution = extractor.transposed[index - 1]
        let segments =
            splitsColumns
            ? ColumnSegments.columns(width: stage.paddedWidth) : [0..<stage.paddedWidth]
        var sinks = Sinks<RowRing>()
        sinks.conv = ring
        ConvolutionStep(
            convolution: convolution, u: try convolution.transformedKernels(team),
            kernels: extractor.kernels, height: stage.paddedHeight, width: stage.paddedWidth,
            input: outputs[index], border: .zero, zeros: zeros, outputs: sinks, pass: pass
        ).run(
            TileOrder(
                ImageGroup.groups(images: plan.images), tileRows: bands,
                segments: segments.map(ColumnSegments.tiles)),
            team: team)
    }

    // Images of one sum follow each other, so that the order of the sum is theirs.
    private func convolveFirst(_ bands: Range<Int>) {
        let stage = plan.stages[0]
        let step = FirstGradientStep(
            kernels: extractor.kernels, kernel: extractor.first.turned.base,
            output: outputs[0], zeros: zeros, fold: stage.fold)
        let begin = stage.fold.rowsDone(afterPaddedRows: 4 * bands.lowerBound)
        let end = min(4 * bands.upperBound, stage.paddedHeight)
        let rows = begin..<stage.fold.rowsDone(afterPaddedRows: end)
        team.parallelWithWorkspace(rows.count * sinks.sums.count) { item, workspace in
            let (sum, place) = item.quotientAndRemainder(dividingBy: rows.count)
            let y = rows.lowerBound + place
            for image in sinks.sums[sum].images {
                sinks.add(step.row(y, image: image, workspace), y: y, image: image, to: sum)
            }
        }
    }

    private func clear(_ ring: RowRing, rows: Range<Int>) {
        team.parallel(rows.count * plan.images) { item in
            let (image, place) = item.quotientAndRemainder(dividingBy: rows.count)
            for block in 0..<ring.blocks {
                ring.pixels(rows.lowerBound + place, image: image, block: block)
                    .update(repeating: 0, count: ring.width * Kernels.block)
            }
        }
    }

    private func addCotangents(
        at tap: Tap?, _ rows: Range<Int>, to ring: RowRing, margin: Int = 0
    ) {
        guard let tap, let cotangent = cotangents[tap] else { return }
        team.parallelWithWorkspace(rows.count * plan.images) { item, workspace in
            let (image, place) = item.quotientAndRemainder(dividingBy: rows.count)
            for slope in cotangent.slopes[sinks.images[image]] {
                slope.add(
                    row: rows.lowerBound + place, to: ring, image: image, margin: margin,
                    kernels: extractor.kernels, workspace: workspace)
            }
        }
    }
}
