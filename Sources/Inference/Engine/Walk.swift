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
    private let groups: [ImageGroup]
    // Where differences are not zero: in the image and after each stage; none without differences.
    private let imageSupport: SupportRing?
    private let supports: [StageSupport]
    private let differences: [Int]
    private let zeros: UnsafeMutablePointer<Float>
    private let arena: Arena
    private let statistics: [TapStatistics<Float>]
    private let tape: Tape?
    // Of fewer than two images a worker, workers share the columns.
    private let splitsColumns: Bool
    private let schedule: WalkSchedule

    init(
        extractor: Extractor, variant: NetworkVariant, preprocessing: Preprocessing,
        plan: WalkPlan, images: [Image], targets: [Int: Int] = [:], demands: [TapDemand],
        masks: [Int: Mask] = [:], kept: KeptFeatures = [:], maps: [Tap: [Int: FeatureMap]] = [:],
        tape: Tape? = nil, team: Team
    ) throws(InferenceError) {
        schedule = WalkSchedule(plan)
        self.tape = tape
        self.extractor = extractor
        self.variant = variant
        self.plan = plan
        self.team = try team.reserving(scratch: plan.workspaceCount(mr: extractor.kernels.mr))
        let arena = try Arena(count: plan.arenaCount, pool: extractor.buffers)
        self.arena = arena
        image = ImageRows(
            images: images, targets: targets, slots: plan.imageSlots,
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
        groups = ImageGroup.groups(images: images.count, targets: targets)
        differences = targets.keys.sorted()
        imageSupport =
            plan.hasDifferences
            ? SupportRing(
                height: images[0].height, width: images[0].width, slots: plan.imageSlots,
                images: plan.images, arena: arena) : nil
        supports =
            plan.hasDifferences
            ? plan.stages.indices.map { plan.support(of: $0, arena: arena) } : []
        let zeros = arena.floats(plan.zerosCount)
        zeros.update(repeating: 0, count: plan.zerosCount)
        self.zeros = zeros
        let splitsColumns = images.count < 2 * team.workers
        self.splitsColumns = splitsColumns
        statistics = try demands.map { demand throws(InferenceError) in
            let shape = variant.features(of: images[0].size, at: demand.tap)
            return try TapStatistics(
                demand.features, shape, segments: ColumnSegments.columns(width: shape.width),
                splitsColumns: splitsColumns, kernels: extractor.kernels, arena: arena,
                zeros: FeatureRows(repeating: zeros, blocks: shape.channels / Kernels.block),
                maps: maps[demand.tap] ?? [:], mask: { masks[$0] }
            ) { kept[$0]?[demand.tap]?.rows }
        }
    }

    /// Walks to the last tap and answers what was demanded.
    func run() throws(InferenceError) -> [FeatureResult] {
        try finish(plan.stages.count - 1)
        // A pool that rounds down leaves rows of earlier stages that nothing after them reads.
        for index in plan.stages.indices where plan.stages[index].isTapped { try finish(index) }
        return statistics.map { $0.result(team: team) }
    }

    private func finish(_ index: Int) throws(InferenceError) {
        try schedule.finish(index) { stage, bands throws(InferenceError) in
            try step(stage, bands)
        }
    }

    /// Walks until a stage has made so many rows of a kind.
    func advance(_ index: Int, to rows: Int, _ kind: Tap.Kind) throws(InferenceError) {
        try schedule.advance(index, to: rows, kind) { stage, bands throws(InferenceError) in
            try step(stage, bands)
        }
    }

    private func step(_ index: Int, _ bands: Range<Int>) throws(InferenceError) {
        try team.checkCancelled()
        let stage = plan.stages[index]
        if index == 0 {
            let done =
                bands.lowerBound == 0 ? 0 : stage.inputRows(forBands: bands.lowerBound)
            loadImageRows(done..<stage.inputRows(forBands: bands.upperBound))
        }
        updateSupport(index, bands)
        switch stage.layer {
        case .convolution(0): convolveFirst(bands)
        case .convolution(let number): try convolve(index, number, bands)
        case .pool: pool(index, bands)
        }
        record(index, bands)
        recordSigns(index, bands)
        fillEdges(index, bands)
        addToStatistics(index, bands)
    }

    private func loadImageRows(_ rows: Range<Int>) {
        team.parallel(rows.count * plan.images) { item in
            let (image, row) = item.quotientAndRemainder(dividingBy: rows.count)
            let y = rows.lowerBound + row
            self.image.load(y, image: image)
            if let imageSupport { self.image.fill(imageSupport, y, image: image) }
        }
    }

    private func updateSupport(_ index: Int, _ bands: Range<Int>) {
        guard let imageSupport else { return }
        var input = imageSupport
        if index > 0 {
            let (source, feeds) = (supports[index - 1], plan.stages[index - 1].feeds)
            input = feeds == .pool ? source.pooled ?? source.full : source.full
        }
        supports[index].update(tileRows: bands, of: input, images: differences)
    }

    private func segments(_ stage: WalkPlan.Stage) -> [Range<Int>] {
        splitsColumns ? ColumnSegments.columns(width: stage.width) : [0..<stage.width]
    }

    private func convolveFirst(_ bands: Range<Int>) {
        let stage = plan.stages[0]
        let rows = 4 * bands.lowerBound..<min(4 * bands.upperBound, stage.height)
        let segments = segments(stage)
        let perSegment = rows.count * groups.count
        team.parallelWithWorkspace(segments.count * perSegment) { item, workspace in
            let (segment, rest) = item.quotientAndRemainder(dividingBy: perSegment)
            let (group, row) = rest.quotientAndRemainder(dividingBy: rows.count)
            convolveFirst(groups[group], rows.lowerBound + row, segments[segment], workspace)
        }
    }

    // A row of an image, and of the differences from it.
    private func convolveFirst(
        _ group: ImageGroup, _ y: Int, _ columns: Range<Int>, _ workspace: Workspace
    ) {
        let start = columns.lowerBound * Kernels.block
        let count = columns.count * Kernels.block
        let first = extractor.first
        var conv = pixels(rings[0].conv, y, group.image, start)
        if conv == nil, !group.differences.isEmpty { conv = workspace.floats(count) }
        convolveFirst(
            group.image, y, columns, bias: first.bias.base, conv: conv,
            relu: pixels(rings[0].relu, y, group.image, start))
        for image in group.differences {
            let difference = pixels(rings[0].conv, y, image, start)
            let relu = pixels(rings[0].relu, y, image, start)
            guard let values = relu ?? difference else { continue }
            convolveFirst(image, y, columns, bias: zeros, conv: values, relu: nil)
            if relu != nil { difference?.update(from: values, count: count) }
            if let conv, let relu { extractor.kernels.reluDifference(conv, relu, count: count) }
        }
    }

    private func pixels(
        _ ring: RowRing?, _ y: Int, _ image: Int, _ start: Int
    ) -> UnsafeMutablePointer<Float>? {
        ring.map { $0.pixels(y, image: image, block: 0) + start }
    }

    private func convolveFirst(
        _ image: Int, _ y: Int, _ columns: Range<Int>, bias: UnsafePointer<Float>,
        conv: UnsafeMutablePointer<Float>?, relu: UnsafeMutablePointer<Float>?
    ) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 3) { around in
            for r in 0..<3 {
                let row = self.image.row(y - 1 + r, image: image)
                around.initializeElement(at: r, to: row + 3 * columns.lowerBound)
            }
            guard let around = UnsafePointer(around.baseAddress) else { return }
            extractor.kernels.firstLayer(
                around, kernel: extractor.first.kernel.base, bias: bias, width: columns.count,
                conv: conv, relu: relu)
        }
    }

    private func convolve(
        _ index: Int, _ number: Int, _ bands: Range<Int>
    ) throws(InferenceError) {
        let convolution = extractor.convolutions[number - 1]
        let stage = plan.stages[index]
        let support = supports.isEmpty ? nil : supports[index]
        ConvolutionStep(
            convolution: convolution, u: try convolution.transformedKernels(team),
            kernels: extractor.kernels, height: stage.height, width: stage.width,
            input: input(of: index), border: variant.border(ofConvolution: number), zeros: zeros,
            outputs: rings[index], alive: aliveBits(index, number), support: support
        ).run(
            TileOrder(
                groups, tileRows: bands, segments: segments(stage).map(ColumnSegments.tiles),
                support: support),
            team: team)
    }

    private func aliveBits(_ index: Int, _ number: Int) -> ImageBits? {
        guard let tape, plan.stages[index].isRecorded else { return nil }
        return tape.layers[number].alive.map { bits in
            ImageBits(
                bits: bits, images: (0..<plan.images).map { tape.sources.firstIndex(of: $0) })
        }
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
        guard let tape, plan.stages[index].isRecorded,
            case .convolution(let number) = plan.stages[index].layer, let relu = rings[index].relu
        else { return }
        let stage = plan.stages[index]
        tape.layers[number].record(
            rows: 4 * bands.lowerBound..<min(4 * bands.upperBound, stage.height), of: relu,
            tape.sources, hasAlive: number > 0, kernels: extractor.kernels, team: team)
    }

    private func recordSigns(_ index: Int, _ bands: Range<Int>) {
        guard let signs = tape?.signs, !signs.isEmpty else { return }
        let stage = plan.stages[index]
        for kind in Tap.Kind.allCases {
            guard let tap = stage.shape.tap(kind), let ring = rings[index][kind] else { continue }
            let rows =
                stage.rows(
                    kind, afterBands: bands.lowerBound)..<stage.rows(
                    kind, afterBands: bands.upperBound)
            for (demand, map) in signs where demand.tap == tap {
                map.record(rows: rows, of: demand, ring, kernels: extractor.kernels, team: team)
            }
        }
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
