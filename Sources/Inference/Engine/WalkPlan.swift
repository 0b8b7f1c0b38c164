/// How one stack of images goes through the network: the plan of each convolution and pool, from the
/// first to the last that a tap needs, with the memory it takes.
package struct WalkPlan {
    /// What a stage computes.
    package enum Layer {
        /// The convolution of that place in the network with its ReLU and, where the variant fuses
        /// it, its pool.
        case convolution(Int)
        /// A pool by itself.
        case pool
    }

    /// The plan of one convolution or pool. It advances by bands: rows of tiles of a convolution, two
    /// rows of a pool.
    package struct Stage {
        package let layer: Layer
        /// The convolution, or the one that the pool follows.
        package let shape: ConvolutionShape
        /// Rows and columns of its input, and of a convolution's output before the pool.
        package let height: Int, width: Int
        /// Rows and columns after the pool.
        package let pooledHeight: Int, pooledWidth: Int
        /// What the next stage reads; nil for the last one.
        package var feeds: Tap.Kind?
        /// The positions, among the demands, of what is tapped here.
        package var demands = Sinks<[Int]>()
        /// Bands computed in one step.
        package var bandsPerStep = 1

        package var isPool: Bool { if case .pool = layer { true } else { false } }
        package var tilesAcross: Int { (width + 3) / 4 }
        package var bands: Int {
            switch layer {
            case .convolution: (height + 3) / 4
            case .pool: (pooledHeight + 1) / 2
            }
        }

        /// Whether it is kept which outputs of the convolution pass a gradient, for which the ReLU's
        /// rows are read.
        package var isRecorded = false

        package var isTapped: Bool {
            demands.conv != nil || demands.relu != nil || demands.pool != nil
        }
        package func writes(_ kind: Tap.Kind) -> Bool {
            feeds == kind || demands[kind] != nil || kind == .relu && isRecorded
        }
        package func height(_ kind: Tap.Kind) -> Int { kind == .pool ? pooledHeight : height }
        package func width(_ kind: Tap.Kind) -> Int { kind == .pool ? pooledWidth : width }

        /// Rows of a kind in a band.
        package static func bandHeight(_ kind: Tap.Kind) -> Int { kind == .pool ? 2 : 4 }

        /// Rows of a kind that exist once so many bands are computed.
        package func rows(_ kind: Tap.Kind, afterBands bands: Int) -> Int {
            min(height(kind), Self.bandHeight(kind) * bands)
        }

        /// Rows of the input that so many bands are computed from: one below them for a convolution.
        package func inputRows(forBands bands: Int) -> Int {
            switch layer {
            case .convolution: min(height, 4 * bands + 1)
            case .pool: min(height, 4 * bands)
            }
        }
    }

    package let stages: [Stage]
    package let images: Int
    /// Whether some images are walked as their difference from others.
    package let hasDifferences: Bool
    private let statisticsCount: Int

    /// Tiles that a convolution computes before it hands them on: enough to share among workers and to
    /// read its U once for many, few enough that its rows stay in the outer cache. One row of tiles
    /// instead of three took the transforms of block 1 of a pair of 256² from 24 to 17 ms, both cores.
    package static func tilesPerStep(inChannels: Int, workers: Int) -> Int {
        let tiles =
            switch inChannels {
            case ...64: 128
            case ...256: 256
            default: 448
            }
        // Two register blocks of AVX-512 for everybody.
        return max(tiles, 28 * workers)
    }

    /// - Parameters:
    ///   - through: a tap as far as which is walked, besides those of the demands.
    ///   - recordedFrom: the first convolution that a tape is made of; nil without one.
    package init(
        variant: NetworkVariant, demands: [TapDemand], through: Tap? = nil, height: Int,
        width: Int, images: Int, hasDifferences: Bool = false, workers: Int, tilesPerStep: Int?,
        recordedFrom: Int? = nil
    ) {
        self.images = images
        self.hasDifferences = hasDifferences
        let size = ImageSize(height: height, width: width)
        statisticsCount = demands.reduce(0) { count, demand in
            let shape = variant.features(of: size, at: demand.tap)
            return count
                + TapStatistics<Float>.arenaCount(
                    demand.features, shape,
                    segments: ColumnSegments.columns(width: shape.width).count)
        }
        var stages = Self.stages(
            variant, through: demands.map(\.tap) + (through.map { [$0] } ?? []), height, width)
        for index in stages.indices {
            let stage = stages[index]
            if index + 1 < stages.count {
                stages[index].feeds = stage.makesPool(in: variant) ? .pool : .relu
            }
            for kind in Tap.Kind.allCases where stage.makes(kind, in: variant) {
                let tap = stage.shape.tap(kind)
                let positions = demands.indices.filter { demands[$0].tap == tap }
                stages[index].demands[kind] = positions.isEmpty ? nil : positions
            }
            if case .convolution(let number) = stage.layer, let recordedFrom {
                stages[index].isRecorded = number >= recordedFrom
            }
            let tiles =
                tilesPerStep
                ?? Self.tilesPerStep(inChannels: stage.shape.inChannels, workers: workers)
            let bands = max(1, min(stage.bands, tiles / (stage.tilesAcross * images)))
            // As many steps, of even height.
            let steps = (stage.bands + bands - 1) / bands
            stages[index].bandsPerStep = (stage.bands + steps - 1) / steps
        }
        self.stages = stages
    }

    // As far as the deepest tap, with its pool only where that is tapped.
    private static func stages(
        _ variant: NetworkVariant, through taps: [Tap], _ height: Int, _ width: Int
    ) -> [Stage] {
        let convolutions = variant.convolutions
        let last =
            convolutions.lastIndex { shape in
                Tap.Kind.allCases.contains { kind in
                    shape.tap(kind).map(taps.contains) ?? false
                }
            } ?? 0
        var stages: [Stage] = []
        var size = (height: height, width: width)
        for (index, shape) in convolutions[...last].enumerated() {
            let pooled = (height: variant.pooled(size.height), width: variant.pooled(size.width))
            let stage = { (layer: Layer) in
                Stage(
                    layer: layer, shape: shape, height: size.height, width: size.width,
                    pooledHeight: pooled.height, pooledWidth: pooled.width)
            }
            stages.append(stage(.convolution(index)))
            guard let pool = shape.poolTap else { continue }
            if !variant.fusesPools && (index < last || taps.contains(pool)) {
                stages.append(stage(.pool))
            }
            size = pooled
        }
        return stages
    }

    /// Rows that the ring of a stage's output must hold: one step, and where the next stage reads it,
    /// that one's step with its border as well.
    package func slots(of stage: Int, _ kind: Tap.Kind) -> Int {
        let step = Stage.bandHeight(kind) * stages[stage].bandsPerStep
        guard stages[stage].feeds == kind else { return step }
        return step + 4 * stages[stage + 1].bandsPerStep + 2
    }

    /// Rows of the image that are held preprocessed.
    package var imageSlots: Int { 4 * stages[0].bandsPerStep + 2 }

    /// Floats of a row of zeros, no shorter than any row that a convolution reads: all channel blocks of
    /// its input with their borders.
    package var zerosCount: Int {
        stages.map { stage in
            (stage.tilesAcross * 4 + 2) * max(stage.shape.inChannels, Kernels.block)
        }.max() ?? 0
    }

    /// The most scratch floats that a step takes of a thread.
    package func workspaceCount(mr: Int) -> Int {
        stages.dropFirst().reduce(Workspace.count(width: stages[0].width)) { count, stage in
            let icBlocks = stage.shape.inChannels / Kernels.block
            let tiles = min(
                ConvolutionStep.tilesPerBlockMax(icBlocks: icBlocks, mr: mr),
                stage.tilesAcross * stage.bands * images)
            return max(count, ConvolutionStep.workspaceCount(tiles: tiles, icBlocks: icBlocks))
        }
    }

    /// Floats of everything a walk keeps: rows of the images and of each layer, zeros, and sums of
    /// Gram matrices.
    package var arenaCount: Int {
        var count = ImageRows.count(
            width: stages[0].width, height: stages[0].height, slots: imageSlots, images: images)
        for (index, stage) in stages.enumerated() {
            for kind in Tap.Kind.allCases where stage.writes(kind) {
                count += RowRing.count(
                    height: stage.height(kind), width: stage.width(kind),
                    blocks: stage.shape.outChannels / Kernels.block,
                    slots: slots(of: index, kind), images: images)
            }
        }
        if hasDifferences { count += supportCount }
        return count + Arena.rounded(zerosCount) + statisticsCount
    }

    private var supportCount: Int {
        var count = SupportRing.count(
            height: stages[0].height, width: stages[0].width, slots: imageSlots, images: images)
        for (index, stage) in stages.enumerated() {
            for kind in [Tap.Kind.relu, .pool] where kind == .relu || stage.writes(.pool) {
                count += SupportRing.count(
                    height: stage.height(kind), width: stage.width(kind),
                    slots: slots(of: index, kind), images: images)
            }
        }
        return count
    }

    /// The supports of a stage's differences.
    package func support(of index: Int, arena: Arena) -> StageSupport {
        let stage = stages[index]
        let ring = { (kind: Tap.Kind) in
            SupportRing(
                height: stage.height(kind), width: stage.width(kind),
                slots: slots(of: index, kind), images: images, arena: arena)
        }
        return StageSupport(full: ring(.relu), pooled: stage.writes(.pool) ? ring(.pool) : nil)
    }
}

extension WalkPlan.Stage {
    /// Whether the stage ends with the pool of its block.
    package func makesPool(in variant: NetworkVariant) -> Bool {
        switch layer {
        case .convolution: shape.isFollowedByPool && variant.fusesPools
        case .pool: true
        }
    }

    /// Whether features of a kind leave the stage.
    package func makes(_ kind: Tap.Kind, in variant: NetworkVariant) -> Bool {
        switch (layer, kind) {
        case (_, .pool): makesPool(in: variant)
        case (.convolution, _): true
        case (.pool, _): false
        }
    }
}

extension ConvolutionShape {
    /// The tap of a kind at this convolution, its ReLU or its pool.
    package func tap(_ kind: Tap.Kind) -> Tap? {
        switch kind {
        case .conv: convTap
        case .relu: reluTap
        case .pool: poolTap
        }
    }
}
