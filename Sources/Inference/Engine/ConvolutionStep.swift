/// One step of one convolution: some rows of tiles of every image of a stack.
///
/// The tiles are cut into blocks, the items of a parallel loop: input transform of the block, 36
/// products for each 64 output channels, output transform. What a tile comes to does not depend on
/// the block it is in, so neither threads nor the size of a step change a bit.
struct ConvolutionStep {
    let convolution: WinogradConvolution
    let u: FloatBuffer
    let kernels: Kernels
    /// Rows and columns of the input and of the output.
    let height: Int, width: Int
    let images: Int
    let input: RowRing
    let border: Border
    /// A row of zeros, for what lies above and below the image and its border.
    let zeros: UnsafePointer<Float>
    let outputs: Sinks<RowRing>
    /// Columns of tiles that workers share before they share the images.
    let segments: [Range<Int>]

    /// Tiles of a block, a multiple of the register block's `mr`, by measurement on two Zen 4 cores:
    /// about 28 for up to 128 input channels, whose V stays in the second-level cache, about 56
    /// beyond, where each pass over U should serve many.
    static func tilesPerBlock(icBlocks: Int, mr: Int) -> Int {
        (icBlocks >= 4 ? 60 : 30) / mr * mr
    }

    /// The most that a block has of them: half as many again, when tiles are cut evenly.
    static func tilesPerBlockMax(icBlocks: Int, mr: Int) -> Int {
        tilesPerBlock(icBlocks: icBlocks, mr: mr) * 3 / 2 + mr
    }

    /// Scratch floats of one block: V and M, elements an odd number of cache lines apart.
    static func workspaceCount(tiles: Int, icBlocks: Int) -> Int {
        Kernels.elements * ((icBlocks + 1) * tiles * Kernels.block + 32)
    }

    func run(tileRows: Range<Int>, team: Team) {
        let tiles = images * tileRows.count * ((width + 3) / 4)
        let mr = kernels.mr
        // Cut evenly into a multiple of the workers, so that all end together; and where there are
        // enough tiles for that, between register blocks: six tiles take AVX2 from 110 to 114
        // GFLOP/s a core, of a peak of 117.
        let share = Self.tilesPerBlock(icBlocks: convolution.icBlocks, mr: mr) * team.workers
        let rounds = max(1, (tiles + share / 2) / share)
        let blocks = min(rounds * team.workers, (tiles + mr - 1) / mr)
        let unit = tiles >= 32 * mr ? mr : 1
        let units = (tiles + unit - 1) / unit
        // Too few tiles for everybody: share the output channels as well.
        let parts = blocks >= team.workers ? 1 : min(team.workers, convolution.ocBlocks)
        team.parallelWithWorkspace(blocks * parts) { item, workspace in
            let (block, part) = item.quotientAndRemainder(dividingBy: parts)
            let range =
                block * units / blocks * unit..<min(tiles, (block + 1) * units / blocks * unit)
            let outputBlocks =
                part * convolution.ocBlocks / parts..<(part + 1) * convolution.ocBlocks / parts
            run(tiles: range, outputBlocks: outputBlocks, tileRows: tileRows, workspace)
        }
    }

    private func run(
        tiles: Range<Int>, outputBlocks: Range<Int>, tileRows: Range<Int>, _ workspace: Workspace
    ) {
        let count = tiles.count
        let icBlocks = convolution.icBlocks
        let vStride = icBlocks * count * Kernels.block + 16
        let mStride = count * Kernels.block + 16
        let v = workspace.floats(Self.workspaceCount(tiles: count, icBlocks: icBlocks))
        let m = v + Kernels.elements * vStride
        forEachRun(of: tiles, tileRows: tileRows) { run in
            transformInput(run, v: v, vStride: vStride, vBlockStride: count * Kernels.block)
        }
        for block in outputBlocks {
            multiply(v: v, vStride: vStride, m: m, mStride: mStride, tiles: count, block: block)
            forEachRun(of: tiles, tileRows: tileRows) { run in
                transformOutput(run, m: m, mStride: mStride, block: block)
            }
        }
    }

    /// Neighbouring tiles of one row of tiles of one image.
    private struct Run {
        let image: Int
        let tileRow: Int
        let tileColumn: Int
        let count: Int
        /// The place of the first one within the block.
        let position: Int
    }

    // Tiles are numbered by segment of columns, image, row and column.
    private func forEachRun(of tiles: Range<Int>, tileRows: Range<Int>, _ body: (Run) -> Void) {
        let rows = images * tileRows.count
        for columns in segments {
            let first = columns.lowerBound * rows
            var tile = max(tiles.lowerBound, first)
            while tile < min(tiles.upperBound, columns.upperBound * rows) {
                let (row, column) = (tile - first).quotientAndRemainder(dividingBy: columns.count)
                let (image, place) = row.quotientAndRemainder(dividingBy: tileRows.count)
                let count = min(columns.count - column, tiles.upperBound - tile)
                body(
                    Run(
                        image: image, tileRow: tileRows.lowerBound + place,
                        tileColumn: columns.lowerBound + column, count: count,
                        position: tile - tiles.lowerBound))
                tile += count
            }
        }
    }

    private func transformInput(
        _ run: Run, v: UnsafeMutablePointer<Float>, vStride: Int, vBlockStride: Int
    ) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 6) { rows in
            for r in 0..<6 {
                let y = border.source(4 * run.tileRow - 1 + r, of: height)
                let row = y.map { UnsafePointer(input.row($0, image: run.image)) } ?? zeros
                rows.initializeElement(
                    at: r, to: row + 4 * run.tileColumn * Kernels.block)
            }
            guard let rows = UnsafePointer(rows.baseAddress) else { return }
            kernels.transformInput(
                rows, rowBlockStride: input.blockStride, blocks: convolution.icBlocks,
                tiles: run.count, v: v + run.position * Kernels.block, vElementStride: vStride,
                vBlockStride: vBlockStride)
        }
    }

    private func multiply(
        v: UnsafeMutablePointer<Float>, vStride: Int, m: UnsafeMutablePointer<Float>, mStride: Int,
        tiles: Int, block: Int
    ) {
        let ic = convolution.icBlocks * Kernels.block
        let panels = Kernels.block / kernels.nr
        for element in 0..<Kernels.elements {
            for panel in 0..<panels {
                let b =
                    u.base + ((block * Kernels.elements + element) * panels + panel)
                    * ic * kernels.nr
                kernels.gemm(
                    tiles: tiles, blocks: convolution.icBlocks, a: v + element * vStride,
                    aBlockStride: tiles * Kernels.block, b: b,
                    c: m + element * mStride + panel * kernels.nr)
            }
        }
    }

    private func transformOutput(
        _ run: Run, m: UnsafeMutablePointer<Float>, mStride: Int, block: Int
    ) {
        var out = Kernels.OutputRows()
        out.columns = width - 4 * run.tileColumn
        let y = 4 * run.tileRow
        let x = 4 * run.tileColumn
        let (conv, relu, pool) = (outputs.conv, outputs.relu, outputs.pool)
        out.conv = (
            pixels(conv, run, y, x, block), pixels(conv, run, y + 1, x, block),
            pixels(conv, run, y + 2, x, block), pixels(conv, run, y + 3, x, block)
        )
        out.relu = (
            pixels(relu, run, y, x, block), pixels(relu, run, y + 1, x, block),
            pixels(relu, run, y + 2, x, block), pixels(relu, run, y + 3, x, block)
        )
        out.pool = (
            pixels(pool, run, y / 2, x / 2, block), pixels(pool, run, y / 2 + 1, x / 2, block)
        )
        kernels.transformOutput(
            m + run.position * Kernels.block, mElementStride: mStride, tiles: run.count,
            bias: convolution.bias.base + block * Kernels.block, out: &out)
    }

    private func pixels(
        _ ring: RowRing?, _ run: Run, _ y: Int, _ x: Int, _ block: Int
    ) -> UnsafeMutablePointer<Float>? {
        guard let ring, y < ring.height else { return nil }
        return ring.pixels(y, image: run.image, block: block) + x * Kernels.block
    }
}
