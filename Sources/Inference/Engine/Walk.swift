/// One stack of images on its way through the network, a few rows at a time.
///
/// Each stage computes a step of rows when the one after it needs them, and keeps only the rows that
/// the next step reads again. So shallow layers run in bands that stay in cache, deep layers run on
/// all their tiles at once where the image is small, and memory grows with the width alone.
struct Walk {
    private let extractor: Extractor
    private let variant: NetworkVariant
    private let plan: WalkPlan
    private let team: Team
    private let image: ImageRows
    private let rings: [Sinks<RowRing>]
    private let zeros: UnsafeMutablePointer<Float>
    private let arena: Arena
    private let statistics: [TapStatistics<Float>]
    private let tape: Tape?
    // Of fewer than two images a worker, workers share the columns.
    private let splitsColumns: Bool
    // Bands computed by each stage, and rows of the image that are preprocessed.
    private var bandsDone: [Int]
    private var imageRowsDone = 0

    init(
        extractor: Extractor, variant: NetworkVariant, preprocessing: Preprocessing,
        plan: WalkPlan, images: [Image], demands: [TapDemand], kept: KeptFeatures = [:],
        tape: Tape? = nil, team: Team
    ) {
        self.tape = tape
        self.extractor = extractor
        self.variant = variant
        self.plan = plan
        self.team = team
        let arena = Arena(count: plan.arenaCount, pool: extractor.buffers)
        self.arena = arena
        image = ImageRows(
            images: images, slots: plan.imageSlots,
            preprocessing: preprocessing, border: variant.border(ofConvolution: 0), arena: arena)
        rings = plan.stages.indices.map { index in
            let stage = plan.stages[index]
            return Sinks { kind in
                guard stage.writes(kind) else { return nil }
                return RowRing(
                    height: stage.height(kind), width: stage.width(kind),
                    blocks: stage.shape.outChannels / Kernels.block,
                    slots: plan.slots(of: index, kind), images: plan.images, arena: arena)
            }
        }
        zeros = arena.floats(plan.zerosCount)
        zeros.update(repeating: 0, count: plan.zerosCount)
        let splitsColumns = images.count < 2 * team.workers
        self.splitsColumns = splitsColumns
        statistics = demands.map { demand in
            let shape = variant.features(of: images[0].size, at: demand.tap)
            return TapStatistics(
                demand.features, shape, segments: ColumnSegments.columns(width: shape.width),
                splitsColumns: splitsColumns, kernels: extractor.kernels, arena: arena
            ) { kept[$0]?[demand.tap]?.rows }
        }
        bandsDone = Array(repeating: 0, count: plan.stages.count)
    }

    /// Walks to the last tap and answers what was demanded.
    mutating func run() throws(InferenceError) -> [FeatureResult] {
        let last = plan.stages.count - 1
        while bandsDone[last] < plan.stages[last].bands { try step(last) }
        // A pool that rounds down leaves rows of earlier stages that nothing after them reads.
        for index in plan.stages.indices where plan.stages[index].isTapped {
            while bandsDone[index] < plan.stages[index].bands { try step(index) }
        }
        return statistics.map { $0.result(team: team) }
    }

    private mutating func step(_ index: Int) throws(InferenceError) {
        try team.checkCancelled()
        let stage = plan.stages[index]
        let first = bandsDone[index]
        let bands = first..<min(first + stage.bandsPerStep, stage.bands)
        let rowsNeeded = stage.inputRows(forBands: bands.upperBound)
        if index == 0 {
            loadImageRows(upTo: rowsNeeded)
        } else {
            let source = plan.stages[index - 1]
            while source.rows(source.feeds ?? .relu, afterBands: bandsDone[index - 1]) < rowsNeeded
            {
                try step(index - 1)
            }
        }
        switch stage.layer {
        case .convolution(0): convolveFirst(bands)
        case .convolution(let number): convolve(index, number, bands)
        case .pool: pool(index, bands)
        }
        bandsDone[index] = bands.upperBound
        record(index, bands)
        fillEdges(index, bands)
        addToStatistics(index, bands)
    }

    private mutating func loadImageRows(upTo end: Int) {
        let rows = imageRowsDone..<end
        team.parallel(rows.count * plan.images) { item in
            let (image, row) = item.quotientAndRemainder(dividingBy: rows.count)
            self.image.load(rows.lowerBound + row, image: image)
        }
        imageRowsDone = end
    }

    private func segments(_ stage: WalkPlan.Stage) -> [Range<Int>] {
        splitsColumns ? ColumnSegments.columns(width: stage.width) : [0..<stage.width]
    }

    private func convolveFirst(_ bands: Range<Int>) {
        let stage = plan.stages[0]
        let rows = 4 * bands.lowerBound..<min(4 * bands.upperBound, stage.height)
        let first = extractor.first
        let (conv, relu) = (rings[0].conv, rings[0].relu)
        let segments = segments(stage)
        let perSegment = rows.count * plan.images
        team.parallel(segments.count * perSegment) { item in
            let (segment, rest) = item.quotientAndRemainder(dividingBy: perSegment)
            let (image, row) = rest.quotientAndRemainder(dividingBy: rows.count)
            let columns = segments[segment]
            let y = rows.lowerBound + row
            let start = columns.lowerBound * Kernels.block
            withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 3) { around in
                for r in 0..<3 {
                    let row = self.image.row(y - 1 + r, image: image)
                    around.initializeElement(at: r, to: row + 3 * columns.lowerBound)
                }
                guard let around = UnsafePointer(around.baseAddress) else { return }
                extractor.kernels.firstLayer(
                    around, kernel: first.kernel.base, bias: first.bias.base,
                    width: columns.count,
                    conv: conv.map { $0.pixels(y, image: image, block: 0) + start },
                    relu: relu.map { $0.pixels(y, image: image, block: 0) + start })
            }
        }
    }

    private func convolve(_ index: Int, _ number: Int, _ bands: Range<Int>) {
        let convolution = extractor.convolutions[number - 1]
        ConvolutionStep(
            convolution: convolution, u: convolution.transformedKernels(team),
            kernels: extractor.kernels, height: plan.stages[index].height,
            width: plan.stages[index].width, images: plan.images, input: input(of: index),
            border: variant.border(ofConvolution: number), zeros: zeros,
            outputs: rings[index],
            segments: segments(plan.stages[index]).map(ColumnSegments.tiles)
        ).run(tileRows: bands, team: team)
    }

    private func pool(_ index: Int, _ bands: Range<Int>) {
        guard let output = rings[index].pool else { return }
        let stage = plan.stages[index]
        PoolStep(
            pooling: variant.pooling, kernels: extractor.kernels, input: input(of: index),
            output: output
        ).run(
            rows: stage.rows(
                .pool, afterBands: bands.lowerBound)..<stage.rows(
                    .pool, afterBands: bands.upperBound),
            images: plan.images, team: team)
    }

    private func input(of index: Int) -> RowRing {
        guard let feeds = plan.stages[index - 1].feeds, let input = rings[index - 1][feeds] else {
            preconditionFailure("stage \(index) has no input")
        }
        return input
    }

    /// Fills the border of the rows that a convolution reads next.
    private func fillEdges(_ index: Int, _ bands: Range<Int>) {
        let stage = plan.stages[index]
        guard let feeds = stage.feeds, let ring = rings[index][feeds],
            case .convolution(let number) = plan.stages[index + 1].layer,
            case let border = variant.border(ofConvolution: number), border != .zero
        else { return }
        let rows =
            stage.rows(
                feeds, afterBands: bands.lowerBound)..<stage.rows(
                feeds, afterBands: bands.upperBound)
        for image in 0..<plan.images {
            for y in rows { ring.fillEdges(y, image: image, border: border) }
        }
    }

    private func record(_ index: Int, _ bands: Range<Int>) {
        guard let tape, case .convolution(let number) = plan.stages[index].layer,
            let relu = rings[index].relu
        else { return }
        let stage = plan.stages[index]
        tape.layers[number].record(
            rows: 4 * bands.lowerBound..<min(4 * bands.upperBound, stage.height), of: relu,
            kernels: extractor.kernels, team: team)
    }

    private func addToStatistics(_ index: Int, _ bands: Range<Int>) {
        let stage = plan.stages[index]
        for kind in Tap.Kind.allCases {
            guard let demands = stage.demands[kind], let ring = rings[index][kind] else { continue }
            let begin = stage.rows(kind, afterBands: bands.lowerBound)
            let end = stage.rows(kind, afterBands: bands.upperBound)
            guard begin < end else { continue }
            for demand in demands {
                statistics[demand].add(
                    rows: begin..<end, tileRowHeight: WalkPlan.Stage.bandHeight(kind), of: ring,
                    team: team)
            }
        }
    }
}
