/// How the gradient goes back through the convolutions, from the deepest that has one to the image,
/// with the memory it takes.
struct BackwardPlan {
    /// The way back through one convolution, in bands of rows of tiles of its input.
    struct Stage {
        let height: Int, width: Int
        /// Rows and columns of what its output becomes for the next stage: after a pool, or the same.
        let leavingHeight: Int, leavingWidth: Int
        let isPooled: Bool
        let inBlocks: Int, outBlocks: Int
        /// Pixels that are added on every side, where what the convolution reads outside of its input
        /// has a gradient.
        let margin: Int
        var bandsPerStep = 1

        /// Rows and columns with the margins.
        var paddedHeight: Int { height + 2 * margin }
        var paddedWidth: Int { width + 2 * margin }
        var bands: Int { (paddedHeight + 3) / 4 }
        var tilesAcross: Int { (paddedWidth + 3) / 4 }

        /// Rows of the gradient at the output that so many bands are computed from.
        func outputRows(forBands bands: Int) -> Int { min(paddedHeight, 4 * bands + 1) }

        /// Rows of the gradient that leaves the stage in the other direction, of which so many rows
        /// of that at the output are made.
        func leavingRows(forRows rows: Int) -> Int {
            isPooled ? min(leavingHeight, (rows + 1) / 2) : rows
        }
    }

    let stages: [Stage]
    let images: Int

    init(tape: Tape, taps: [Tap], workers: Int, tilesPerStep: Int?) {
        images = tape.images
        let last =
            tape.layers.lastIndex { layer in
                Tap.Kind.allCases.contains { layer.shape.tap($0).map(taps.contains) ?? false }
            } ?? 0
        stages = tape.layers[...last].enumerated().map { index, layer in
            let isPooled =
                layer.pool != nil
                && (index < last || layer.shape.tap(.pool).map(taps.contains) ?? false)
            var stage = Stage(
                height: layer.height, width: layer.width,
                leavingHeight: isPooled ? layer.pool?.height ?? 0 : layer.height,
                leavingWidth: isPooled ? layer.pool?.width ?? 0 : layer.width,
                isPooled: isPooled,
                inBlocks: Kernels.blocks(of: layer.shape.inChannels),
                outBlocks: Kernels.blocks(of: layer.shape.outChannels),
                margin: tape.variant.border(ofConvolution: index) == .zero ? 0 : 1)
            let tiles =
                tilesPerStep
                ?? WalkPlan.tilesPerStep(inChannels: layer.shape.outChannels, workers: workers)
            let bands = max(1, min(stage.bands, tiles / (stage.tilesAcross * tape.images)))
            let steps = (stage.bands + bands - 1) / bands
            stage.bandsPerStep = (stage.bands + steps - 1) / steps
            return stage
        }
    }

    /// Rows that the ring of the gradient at a convolution's output must hold: what one step reads,
    /// with a window of a pool more.
    func outputSlots(_ index: Int) -> Int { 4 * stages[index].bandsPerStep + 4 }

    /// Rows that the ring of the gradient that leaves a stage must hold: one step of the stage behind
    /// it, and what one step of this one reads.
    func leavingSlots(_ index: Int) -> Int {
        let step = index + 1 < stages.count ? 4 * stages[index + 1].bandsPerStep : 0
        return step + outputSlots(index) + 4
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
            let output = RowRing.count(
                height: stage.paddedHeight, width: stage.paddedWidth, blocks: stage.outBlocks,
                slots: outputSlots(index), images: images)
            let leaving = RowRing.count(
                height: stage.leavingHeight, width: stage.leavingWidth, blocks: stage.outBlocks,
                slots: leavingSlots(index), images: images)
            let alone = RowRing.count(
                height: stage.height, width: stage.width, blocks: stage.outBlocks,
                slots: outputSlots(index), images: images)
            let padded = RowRing.count(
                height: stage.paddedHeight, width: stage.paddedWidth, blocks: stage.inBlocks,
                slots: paddedSlots(index), images: images)
            return count + output + leaving + alone + padded
        }
    }
}
