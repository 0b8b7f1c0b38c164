/// The way back of one stack of images: from the gradients at taps to those at the images, a few rows at
/// a time, the mirror image of `Walk`.
///
/// A stage is one convolution. It takes the gradient that leaves its ReLU or pool (what the stage
/// behind it made, plus what taps add), lets through what the tape says, and convolves it back to its
/// input.
struct BackwardWalk {
    private let extractor: Extractor
    private let tape: Tape
    private let plan: BackwardPlan
    private let team: Team
    private let cotangents: [Tap: Cotangent]
    private let arena: Arena
    /// The gradient that leaves each stage, after its ReLU or pool.
    private let leaving: [RowRing]
    /// The gradient at each convolution's output, with the stage's margin.
    private let outputs: [RowRing]
    /// The gradient at a convolution's input with its margin, where there is one.
    private let padded: [RowRing?]
    /// What taps add after a ReLU whose pool is passed first.
    private let beside: [RowRing?]
    private let zeros: UnsafeMutablePointer<Float>
    private let gradients: ImageGradients
    private let splitsColumns: Bool
    private var bandsDone: [Int]
    private var outputRowsDone: [Int]
    private var leavingRowsDone: [Int]

    init(
        extractor: Extractor, tape: Tape, plan: BackwardPlan, cotangents: [Cotangent], team: Team
    ) {
        self.extractor = extractor
        self.tape = tape
        self.plan = plan
        self.team = team
        let cotangents = Dictionary(uniqueKeysWithValues: cotangents.map { ($0.tap, $0) })
        self.cotangents = cotangents
        let arena = Arena(count: plan.arenaCount, pool: extractor.buffers)
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
        gradients = ImageGradients(
            images: plan.images, height: tape.height, width: tape.width,
            preprocessing: tape.preprocessing)
        splitsColumns = plan.images < 2 * team.workers
        bandsDone = Array(repeating: 0, count: plan.stages.count)
        outputRowsDone = bandsDone
        leavingRowsDone = bandsDone
    }

    /// Walks to the images and answers their gradients.
    mutating func run() throws(InferenceError) -> [ImageGradient] {
        while bandsDone[0] < plan.stages[0].bands { try step(0) }
        return gradients.finished()
    }

    private mutating func step(_ index: Int) throws(InferenceError) {
        try team.checkCancelled()
        let stage = plan.stages[index]
        let first = bandsDone[index]
        let bands = first..<min(first + stage.bandsPerStep, stage.bands)
        try makeOutput(index, upTo: stage.outputRows(forBands: bands.upperBound))
        let rows = 4 * bands.lowerBound..<min(4 * bands.upperBound, stage.paddedHeight)
        bandsDone[index] = bands.upperBound
        if index == 0 {
            convolveFirst(rows)
        } else {
            convolve(index, bands, into: padded[index] ?? leaving[index - 1])
            finishLeaving(index - 1, paddedRowsDone: rows.upperBound)
        }
    }

    // The gradient at a convolution's output: rows are those of the ring, with its margin.
    private mutating func makeOutput(_ index: Int, upTo end: Int) throws(InferenceError) {
        let stage = plan.stages[index]
        guard outputRowsDone[index] < end else { return }
        // In rows of the layer, whole windows.
        let first = max(0, outputRowsDone[index] - stage.margin)
        var last = min(stage.height, end - stage.margin)
        if stage.isPooled { last = min(stage.height, (last + 1) / 2 * 2) }
        let needed = stage.leavingRows(forRows: last)
        if index + 1 < plan.stages.count {
            while leavingRowsDone[index] < needed { try step(index + 1) }
        } else if leavingRowsDone[index] < needed {
            // Nothing comes from behind the deepest tap.
            clear(leaving[index], rows: leavingRowsDone[index]..<needed)
            addCotangents(
                at: leavingTap(index), leavingRowsDone[index]..<needed, to: leaving[index])
            leavingRowsDone[index] = needed
        }
        if let beside = beside[index] {
            clear(beside, rows: first..<last)
            addCotangents(at: tape.layers[index].shape.reluTap, first..<last, to: beside)
        }
        pass(index, first..<last)
        addCotangents(
            at: tape.layers[index].shape.convTap, first..<last, to: outputs[index],
            margin: stage.margin)
        outputRowsDone[index] = last + (last == stage.height ? 2 : 1) * stage.margin
    }

    private func leavingTap(_ index: Int) -> Tap? {
        tape.layers[index].shape.tap(plan.stages[index].isPooled ? .pool : .relu)
    }

    private func pass(_ index: Int, _ rows: Range<Int>) {
        let stage = plan.stages[index]
        let passage = Passage(
            layer: tape.layers[index], isPooled: stage.isPooled, margin: stage.margin,
            kernels: extractor.kernels, leaving: leaving[index], beside: beside[index],
            output: outputs[index])
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
    private mutating func finishLeaving(_ index: Int, paddedRowsDone: Int) {
        let stage = plan.stages[index + 1]
        let done = leavingRowsDone[index]
        var end = paddedRowsDone
        if let padded = padded[index + 1] {
            let fold = BorderFold(
                border: tape.variant.border(ofConvolution: index + 1), height: stage.height,
                width: stage.width)
            end = fold.rowsDone(afterPaddedRows: paddedRowsDone)
            guard done < end else { return }
            team.parallel((end - done) * plan.images) { item in
                let (image, place) = item.quotientAndRemainder(dividingBy: end - done)
                fold.run(
                    row: done + place, image: image, from: padded, to: leaving[index],
                    kernels: extractor.kernels)
            }
        }
        addCotangents(at: leavingTap(index), done..<end, to: leaving[index])
        leavingRowsDone[index] = end
    }

    private func convolve(_ index: Int, _ bands: Range<Int>, into ring: RowRing) {
        let stage = plan.stages[index]
        let convolution = extractor.transposed[index - 1]
        let segments =
            splitsColumns
            ? ColumnSegments.columns(width: stage.paddedWidth) : [0..<stage.paddedWidth]
        var sinks = Sinks<RowRing>()
        sinks.conv = ring
        ConvolutionStep(
            convolution: convolution, u: convolution.transformedKernels(team),
            kernels: extractor.kernels, height: stage.paddedHeight, width: stage.paddedWidth,
            input: outputs[index], border: .zero, zeros: zeros, outputs: sinks
        ).run(
            TileOrder(
                ImageGroup.groups(images: plan.images), tileRows: bands,
                segments: segments.map(ColumnSegments.tiles)),
            team: team)
    }

    private func convolveFirst(_ paddedRows: Range<Int>) {
        let stage = plan.stages[0]
        let step = FirstGradientStep(
            kernels: extractor.kernels, kernel: extractor.first.turned.base,
            output: outputs[0], zeros: zeros,
            fold: BorderFold(
                border: tape.variant.border(ofConvolution: 0), height: stage.height,
                width: stage.width))
        let begin = step.fold.rowsDone(afterPaddedRows: paddedRows.lowerBound)
        let rows = begin..<step.fold.rowsDone(afterPaddedRows: paddedRows.upperBound)
        team.parallelWithWorkspace(rows.count * plan.images) { item, workspace in
            let (image, place) = item.quotientAndRemainder(dividingBy: rows.count)
            let y = rows.lowerBound + place
            gradients.set(y, image: image, step.row(y, image: image, workspace))
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
        guard let cotangent = tap.flatMap({ cotangents[$0] }), !rows.isEmpty else { return }
        team.parallelWithWorkspace(rows.count * plan.images) { item, workspace in
            let (image, place) = item.quotientAndRemainder(dividingBy: rows.count)
            for slope in cotangent.slopes[image] {
                slope.add(
                    row: rows.lowerBound + place, to: ring, image: image, margin: margin,
                    kernels: extractor.kernels, workspace: workspace)
            }
        }
    }
}
