/// How one stack of images goes through the network: the plan of each convolution, from the first to
/// the last that a tap needs, with the memory it takes.
struct WalkPlan {
    /// The plan of one convolution with its ReLU and, where one follows, its pool.
    struct Stage {
        let shape: ConvolutionShape
        /// Rows and columns of its input and of its output before the pool.
        let height: Int, width: Int
        /// What the next convolution reads; nil for the last one.
        let feeds: Tap.Kind?
        /// The positions, among the demands, of what is tapped here.
        var demands: [Tap.Kind: [Int]] = [:]
        /// Rows of tiles computed in one step.
        var tileRowsPerStep = 1

        var tilesAcross: Int { (width + 3) / 4 }
        var tilesDown: Int { (height + 3) / 4 }

        func writes(_ kind: Tap.Kind) -> Bool { feeds == kind || demands[kind] != nil }
        func height(_ kind: Tap.Kind) -> Int { kind == .pool ? height / 2 : height }
        func width(_ kind: Tap.Kind) -> Int { kind == .pool ? width / 2 : width }

        /// Rows of a kind that exist once so many rows of tiles are computed.
        func rows(_ kind: Tap.Kind, afterTileRows tileRows: Int) -> Int {
            min(height(kind), (kind == .pool ? 2 : 4) * tileRows)
        }
    }

    let stages: [Stage]
    let images: Int
    private let gramCount: Int

    /// Tiles that a convolution computes before it hands them on: enough to share among workers and to
    /// read its U once for many, few enough that its rows stay in the outer cache. One row of tiles
    /// of W1's first layers instead of three took their transforms from 24 to 17 ms, both cores.
    private static func tilesPerStep(inChannels: Int, workers: Int) -> Int {
        let tiles =
            switch inChannels {
            case ...64: 128
            case ...256: 256
            default: 448
            }
        // Two register blocks of AVX-512 for everybody.
        return max(tiles, 28 * workers)
    }

    init(
        architecture: Architecture, demands: [TapDemand], height: Int, width: Int, images: Int,
        workers: Int, tilesPerStep: Int?
    ) {
        self.images = images
        gramCount = demands.reduce(0) { count, demand in
            let shape = VGG.shape(of: demand.tap, height: height, width: width)
            let sums = 2 * GramAccumulator.count(channels: shape.channels)
            let segments = TapStatistics.segments(of: demand, width: shape.width).count
            return count + demand.grams.count * segments * Arena.rounded(sums)
        }
        let convolutions = VGG.convolutions(architecture)
        let last =
            convolutions.lastIndex { shape in
                demands.contains { $0.tap.block == shape.block && shape.hasTap($0.tap) }
            } ?? 0
        var stages: [Stage] = []
        var size = (height: height, width: width)
        for (index, shape) in convolutions[...last].enumerated() {
            let feeds: Tap.Kind? =
                index == last ? nil : shape.isFollowedByPool ? .pool : .relu
            var stage = Stage(shape: shape, height: size.height, width: size.width, feeds: feeds)
            for (position, demand) in demands.enumerated() where shape.hasTap(demand.tap) {
                stage.demands[demand.tap.kind, default: []].append(position)
            }
            let tiles =
                tilesPerStep
                ?? Self.tilesPerStep(inChannels: shape.inChannels, workers: workers)
            let rows = max(1, min(stage.tilesDown, tiles / (stage.tilesAcross * images)))
            // As many steps, of even height.
            let steps = (stage.tilesDown + rows - 1) / rows
            stage.tileRowsPerStep = (stage.tilesDown + steps - 1) / steps
            stages.append(stage)
            if shape.isFollowedByPool { size = (size.height / 2, size.width / 2) }
        }
        self.stages = stages
    }

    /// Rows that the ring of a stage's output must hold: one step, and where the next convolution
    /// reads it, that one's step with its border as well.
    func slots(of stage: Int, _ kind: Tap.Kind) -> Int {
        let step = (kind == .pool ? 2 : 4) * stages[stage].tileRowsPerStep
        guard stages[stage].feeds == kind else { return step }
        return step + 4 * stages[stage + 1].tileRowsPerStep + 2
    }

    /// Rows of the image that are held preprocessed.
    var imageSlots: Int { 4 * stages[0].tileRowsPerStep + 2 }

    /// Floats of a row of zeros as long as the longest row that a convolution reads.
    var zerosCount: Int {
        stages.map { stage in
            let pixels = stage.tilesAcross * 4 + 2
            return pixels * (stage.shape.outChannels + stage.shape.inChannels)
        }.max() ?? 0
    }

    /// Floats of everything a walk keeps: rows of the images and of each layer, zeros, and sums of
    /// Gram matrices.
    var arenaCount: Int {
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
        return count + Arena.rounded(zerosCount) + gramCount
    }
}

extension ConvolutionShape {
    /// Whether a tap reads this convolution, its ReLU or its pool.
    func hasTap(_ tap: Tap) -> Bool { tap == convTap || tap == reluTap || tap == poolTap }
}
