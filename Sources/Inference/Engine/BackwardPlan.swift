/// How the gradient goes back through the convolutions, from the deepest that has one to the image,
/// with the memory it takes.
package struct BackwardPlan {
    /// The way back through one convolution, in bands of rows of tiles of its input.
    package struct Stage {
        package let shape: ConvolutionShape
        package let height: Int, width: Int
        /// Rows and columns of what its output becomes for the next stage: after a pool, or the same.
        package let leavingHeight: Int, leavingWidth: Int
        package let isPooled: Bool
        /// Rows of windows that the last row of a pair is in beside its own.
        package let windowsBeside: Int
        let inBlocks: Int, outBlocks: Int
        /// What the convolution reads outside of its input.
        let border: Border
        /// Whether taps add something between ReLU and pool.
        var hasBeside = false
        /// Whether the stage behind it lets through only what the ReLU passes, so that what leaves
        /// the stage is never there by itself: without pool, taps and margins in between.
        package internal(set) var isPassedBehind = false
        var bandsPerStep = 1

        /// Pixels that are added on every side, where what the convolution reads outside of its input
        /// has a gradient.
        package var margin: Int { border == .zero ? 0 : 1 }
        package var fold: BorderFold { BorderFold(border: border, height: height, width: width) }
        /// Its taps.
        var taps: [Tap] { Tap.Kind.allCases.compactMap(shape.tap) }

        /// Rows and columns with the margins.
        package var paddedHeight: Int { height + 2 * margin }
        var paddedWidth: Int { width + 2 * margin }
        package var bands: Int { (paddedHeight + 3) / 4 }
        var tilesAcross: Int { (paddedWidth + 3) / 4 }

        /// Rows of the gradient at the output that so many bands are computed from.
        package func outputRows(forBands bands: Int) -> Int { min(paddedHeight, 4 * bands + 1) }

        /// Rows of the gradient that leaves the stage in the other direction, of which so many rows
        /// of that at the output are made.
        package func leavingRows(forRows rows: Int) -> Int {
            isPooled ? min(leavingHeight, (rows + 1) / 2 + windowsBeside) : rows
        }
    }

    package let stages: [Stage]
    let images: Int
    private var slots: [(leaving: Int, output: Int)] = []

    package init(
        layers: [TapeLayerShape], variant: NetworkVariant, taps: [Tap], images: Int, workers: Int,
        tilesPerStep: Int?
    ) {
        self.images = images
        let isTapped = { (tap: Tap?) in tap.map(taps.contains) ?? false }
        let last =
            layers.lastIndex { layer in
                Tap.Kind.allCases.contains { isTapped(layer.shape.tap($0)) }
            } ?? 0
        var stages = layers[...last].enumerated().map { index, layer in
            let pool = index < last || isTapped(layer.shape.poolTap) ? layer.pool : nil
            var stage = Stage(
                shape: layer.shape, height: layer.height, width: layer.width,
                leavingHeight: pool?.height ?? layer.height,
                leavingWidth: pool?.width ?? layer.width, isPooled: pool != nil,
                windowsBeside: pool?.pooling == .l2Hann ? 1 : 0,
                inBlocks: Kernels.blocks(of: layer.shape.inChannels),
                outBlocks: Kernels.blocks(of: layer.shape.outChannels),
                border: variant.border(ofConvolution: index))
            stage.hasBeside = pool != nil && isTapped(layer.shape.reluTap)
            let tiles =
                tilesPerStep
                ?? WalkPlan.tilesPerStep(inChannels: layer.shape.outChannels, workers: workers)
            let bands = max(1, min(stage.bands, tiles / (stage.tilesAcross * images)))
            let steps = (stage.bands + bands - 1) / bands
            stage.bandsPerStep = (stage.bands + steps - 1) / steps
            return stage
        }
        for index in stages.indices.dropLast() {
            let (stage, shape) = (stages[index], stages[index].shape)
            stages[index].isPassedBehind =
                !stage.isPooled && stage.margin == 0 && stages[index + 1].margin == 0
                && !isTapped(shape.reluTap) && !isTapped(shape.convTap)
        }
        self.stages = stages
        slots = liveRows()
    }

    /// The tap whose gradient is added to what leaves a stage.
    func leavingTap(_ index: Int) -> Tap? {
        stages[index].shape.tap(stages[index].isPooled ? .pool : .relu)
    }

    /// Rows that the ring of the gradient at a convolution's output must hold.
    package func outputSlots(_ index: Int) -> Int { slots[index].output }

    /// Rows that the ring of the gradient that leaves a stage must hold; none where it is passed behind.
    package func leavingSlots(_ index: Int) -> Int { slots[index].leaving }

    // What is alive at a time, by going through the steps; with margins, which are folded late, a bound:
    // what one step reads, with a window of a pool more, and one step of the stage behind.
    private func liveRows() -> [(leaving: Int, output: Int)] {
        let bounds = stages.indices.map { index in
            let read = 4 * stages[index].bandsPerStep + 4
            let step = index + 1 < stages.count ? 4 * stages[index + 1].bandsPerStep : 0
            return stages[index].isPassedBehind
                ? (leaving: 0, output: step + read) : (leaving: step + read + 4, output: read)
        }
        guard stages.allSatisfy({ $0.margin == 0 }) else { return bounds }
        var made = stages.map { _ in (leaving: 0, output: 0) }
        var used = made
        var slots = made
        BackwardSchedule(self).run { step in
            switch step {
            case .enter(let index, let rows):
                made[index].leaving = rows.upperBound
            case .pass(let index, let rows):
                slots[index].leaving = max(
                    slots[index].leaving, made[index].leaving - used[index].leaving)
                made[index].output = rows.upperBound
                let stage = stages[index]
                used[index].leaving =
                    stage.isPooled
                    ? rows.upperBound / 2 - stage.windowsBeside : rows.upperBound
            case .convolve(let index, let bands, let leaving):
                slots[index].output = max(
                    slots[index].output, made[index].output - used[index].output)
                // The row above is read once more.
                used[index].output = 4 * bands.upperBound - 1
                guard index > 0 else { break }
                if stages[index - 1].isPassedBehind {
                    made[index - 1].output = leaving.upperBound
                } else {
                    made[index - 1].leaving = leaving.upperBound
                }
            }
        }
        return slots
    }

    /// Rows that the ring of a gradient with its margin must hold: one step, and what is folded late.
    func paddedSlots(_ index: Int) -> Int { 4 * stages[index].bandsPerStep + 4 }

    /// Floats of a row of zeros as long as the longest row that a convolution reads.
    var zerosCount: Int {
        stages.map { ($0.tilesAcross * 4 + 2) * $0.outBlocks * Kernels.block }.max() ?? 0
    }

    /// Floats of everything that the way back keeps.
    var arenaCount: Int {
        stages.indices.reduce(Arena.rounded(zerosCount)) { count, index in
            let stage = stages[index]
            let ring = { (height: Int, width: Int, blocks: Int, slots: Int) in
                RowRing.count(
                    height: height, width: width, blocks: blocks, slots: slots, images: images)
            }
            let leaving = ring(
                stage.leavingHeight, stage.leavingWidth, stage.outBlocks, leavingSlots(index))
            let output = ring(
                stage.paddedHeight, stage.paddedWidth, stage.outBlocks, outputSlots(index))
            let padded =
                stage.margin > 0 && index > 0
                ? ring(stage.paddedHeight, stage.paddedWidth, stage.inBlocks, paddedSlots(index))
                : 0
            let beside =
                stage.hasBeside
                ? ring(stage.height, stage.width, stage.outBlocks, outputSlots(index)) : 0
            return count + leaving + output + padded + beside
        }
    }

    /// The most scratch floats that a step takes of a thread.
    func workspaceCount(mr: Int) -> Int {
        // A slope takes a row of centred features, in no layer more than in the first, and their product.
        let rows = Workspace.count(width: 2 * stages[0].paddedWidth)
        return stages.dropFirst().reduce(rows) { count, stage in
            let tiles = min(
                ConvolutionStep.tilesPerBlockMax(icBlocks: stage.outBlocks, mr: mr),
                stage.tilesAcross * stage.bands * images)
            return max(
                count, ConvolutionStep.workspaceCount(tiles: tiles, icBlocks: stage.outBlocks))
        }
    }
}
