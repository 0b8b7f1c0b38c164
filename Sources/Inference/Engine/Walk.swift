/// One stack of images on its way through the network, a few rows at a time.
///
/// Each stage computes a step of rows when the one after it needs them, and keeps only the rows that
/// the next step reads again. So shallow layers run in bands that stay in cache, deep layers run on
/// all their tiles at once where the image is small, and memory grows with the width alone.
struct Walk {
    private let extractor: Extractor
    private let plan: WalkPlan
    private let team: Team
    private let image: ImageRows
    private let rings: [[Tap.Kind: RowRing]]
    private let zeros: UnsafeMutablePointer<Float>
    private let arena: Arena
    private let statistics: [TapStatistics]
    // Of fewer than two images a worker, workers share the columns.
    private let splitsColumns: Bool
    // Rows of tiles computed by each stage, and rows of the image that are preprocessed.
    private var tileRowsDone: [Int]
    private var imageRowsDone = 0

    init(extractor: Extractor, plan: WalkPlan, images: [Image], demands: [TapDemand], team: Team) {
        self.extractor = extractor
        self.plan = plan
        self.team = team
        let arena = Arena(count: plan.arenaCount, pool: extractor.buffers)
        self.arena = arena
        image = ImageRows(
            images: images, slots: plan.imageSlots,
            preprocessing: extractor.network.preprocessing, arena: arena)
        rings = plan.stages.indices.map { index in
            var rings: [Tap.Kind: RowRing] = [:]
            let stage = plan.stages[index]
            for kind in Tap.Kind.allCases where stage.writes(kind) {
                rings[kind] = RowRing(
                    height: stage.height(kind), width: stage.width(kind),
                    blocks: stage.shape.outChannels / Kernels.block,
                    slots: plan.slots(of: index, kind), images: plan.images, arena: arena)
            }
            return rings
        }
        zeros = arena.floats(plan.zerosCount)
        zeros.update(repeating: 0, count: plan.zerosCount)
        let (height, width) = (images[0].height, images[0].width)
        let splitsColumns = images.count < 2 * team.workers
        self.splitsColumns = splitsColumns
        statistics = demands.map { demand in
            let shape = VGG.shape(of: demand.tap, height: height, width: width)
            return TapStatistics(
                demand, channels: shape.channels, height: shape.height, width: shape.width,
                splitsColumns: splitsColumns, kernels: extractor.kernels, arena: arena)
        }
        tileRowsDone = Array(repeating: 0, count: plan.stages.count)
    }

    /// Walks to the last tap and answers what was demanded.
    mutating func run() throws(InferenceError) -> [TapResult] {
        let last = plan.stages.count - 1
        while tileRowsDone[last] < plan.stages[last].tilesDown { try step(last) }
        // A pool that rounds down leaves rows of earlier stages that nothing after them reads.
        for index in plan.stages.indices where !plan.stages[index].demands.isEmpty {
            while tileRowsDone[index] < plan.stages[index].tilesDown { try step(index) }
        }
        return statistics.map { $0.result(team: team) }
    }

    private mutating func step(_ index: Int) throws(InferenceError) {
        try team.checkCancelled()
        let stage = plan.stages[index]
        let first = tileRowsDone[index]
        let tileRows = first..<min(first + stage.tileRowsPerStep, stage.tilesDown)
        let rowsNeeded = min(stage.height, 4 * tileRows.upperBound + 1)
        if index == 0 {
            loadImageRows(upTo: rowsNeeded)
            convolveFirst(tileRows)
        } else {
            let source = plan.stages[index - 1]
            while source.rows(source.feeds ?? .relu, afterTileRows: tileRowsDone[index - 1])
                < rowsNeeded
            {
                try step(index - 1)
            }
            convolve(index, tileRows)
        }
        tileRowsDone[index] = tileRows.upperBound
        addToStatistics(index, tileRows)
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

    private func convolveFirst(_ tileRows: Range<Int>) {
        let stage = plan.stages[0]
        let rows = 4 * tileRows.lowerBound..<min(4 * tileRows.upperBound, stage.height)
        let first = extractor.first
        let segments = segments(stage)
        let perSegment = rows.count * plan.images
        team.parallel(segments.count * perSegment) { item in
            let (segment, rest) = item.quotientAndRemainder(dividingBy: perSegment)
            let (image, row) = rest.quotientAndRemainder(dividingBy: rows.count)
            let columns = segments[segment]
            let start = columns.lowerBound
            let y = rows.lowerBound + row
            let above: [UnsafePointer<Float>] = (-1...1).map {
                UnsafePointer(self.image.row(y + $0, image: image)) + 3 * start
            }
            let sinks = [Tap.Kind.conv, .relu].map { kind in
                rings[0][kind].map {
                    $0.pixels(y, image: image, block: 0) + start * Kernels.block
                }
            }
            extractor.kernels.firstLayer(
                above, kernel: first.kernel.base, bias: first.bias.base, width: columns.count,
                conv: sinks[0], relu: sinks[1])
        }
    }

    private func convolve(_ index: Int, _ tileRows: Range<Int>) {
        let convolution = extractor.convolutions[index - 1]
        guard let feeds = plan.stages[index - 1].feeds, let input = rings[index - 1][feeds] else {
            preconditionFailure("stage \(index) has no input")
        }
        ConvolutionStep(
            convolution: convolution, u: convolution.transformedKernels(team),
            kernels: extractor.kernels, stage: plan.stages[index], images: plan.images,
            input: input, zeros: zeros, outputs: rings[index],
            segments: segments(plan.stages[index]).map {
                $0.lowerBound / 4..<($0.upperBound + 3) / 4
            }
        ).run(tileRows: tileRows, team: team)
    }

    private func addToStatistics(_ index: Int, _ tileRows: Range<Int>) {
        let stage = plan.stages[index]
        for (kind, demands) in stage.demands {
            let begin = stage.rows(kind, afterTileRows: tileRows.lowerBound)
            let end = stage.rows(kind, afterTileRows: tileRows.upperBound)
            guard begin < end, let ring = rings[index][kind] else { continue }
            for demand in demands {
                statistics[demand].add(
                    rows: begin..<end, tileRowHeight: kind == .pool ? 2 : 4, of: ring, team: team)
            }
        }
    }
}
