/// One step of one convolution: some rows of tiles of every image of a stack.
///
/// The tiles are cut into blocks, the items of a parallel loop: input transform of the block, 36
/// products for each 64 output channels, output transform. What a tile comes to does not depend on
/// the block it is in, so neither threads nor the size of a step change a bit.
package struct ConvolutionStep {
    let convolution: WinogradConvolution
    let u: FloatBuffer
    let kernels: Kernels
    /// Rows and columns of the input and of the output.
    let height: Int, width: Int
    let input: RowRing
    let border: Border
    /// A row of zeros, for what lies above and below the image and its border.
    let zeros: UnsafePointer<Float>
    let outputs: Sinks<RowRing>
    /// Which outputs are above zero, to be kept beside the ReLU's rows.
    let alive: ImageBits?
    /// Which outputs before the ReLU are not zero.
    let pass: ImageBits?
    /// Where differences are not zero; nil without any.
    let support: StageSupport?

    package init(
        convolution: WinogradConvolution, u: FloatBuffer, kernels: Kernels, height: Int,
        width: Int, input: RowRing, border: Border, zeros: UnsafePointer<Float>,
        outputs: Sinks<RowRing>, alive: ImageBits? = nil, pass: ImageBits? = nil,
        support: StageSupport? = nil
    ) {
        self.convolution = convolution
        self.u = u
        self.kernels = kernels
        (self.height, self.width) = (height, width)
        self.input = input
        self.border = border
        self.zeros = zeros
        self.outputs = outputs
        (self.alive, self.pass) = (alive, pass)
        self.support = support
    }

    /// Tiles of a block, a multiple of the register block's `mr`, by measurement on two Zen 4 cores:
    /// about 28 for up to 128 input channels, whose V stays in the second-level cache, about 56
    /// beyond, where each pass over U should serve many.
    package static func tilesPerBlock(icBlocks: Int, mr: Int) -> Int {
        (icBlocks >= 4 ? 60 : 30) / mr * mr
    }

    /// The most that a block has of them: half as many again, when tiles are cut evenly.
    package static func tilesPerBlockMax(icBlocks: Int, mr: Int) -> Int {
        tilesPerBlock(icBlocks: icBlocks, mr: mr) * 3 / 2 + mr
    }

    /// Scratch floats of one block: V and M, elements an odd number of cache lines apart.
    static func workspaceCount(tiles: Int, icBlocks: Int) -> Int {
        Kernels.elements * ((icBlocks + 1) * tiles * Kernels.block + 32)
    }

    /// The blocks that tiles are cut into, and what each begins at a multiple of.
    ///
    /// Evenly and a multiple of the workers, so that all end together; and where there are enough tiles
    /// for that, between register blocks: six tiles take AVX2 from 110 to 114 GFLOP/s a core, of a peak
    /// of 117.
    package static func blocks(
        tiles: Int, icBlocks: Int, mr: Int, workers: Int
    ) -> (count: Int, unit: Int) {
        let share = tilesPerBlock(icBlocks: icBlocks, mr: mr) * workers
        let rounds = max(1, (tiles + share / 2) / share)
        return (min(rounds * workers, (tiles + mr - 1) / mr), tiles >= 32 * mr ? mr : 1)
    }

    package func run(_ order: TileOrder, team: Team) {
        let (blocks, unit) = Self.blocks(
            tiles: order.count, icBlocks: convolution.icBlocks, mr: kernels.mr,
            workers: team.workers)
        // Too few tiles for everybody: share the output channels as well.
        let parts = blocks >= team.workers ? 1 : min(team.workers, convolution.ocBlocks)
        team.parallelWithWorkspace(blocks * parts) { item, workspace in
            let (block, part) = item.quotientAndRemainder(dividingBy: parts)
            let places = order.places(ofBlock: block, of: blocks, unit: unit)
            let outputBlocks =
                part * convolution.ocBlocks / parts..<(part + 1) * convolution.ocBlocks / parts
            run(order, places, outputBlocks: outputBlocks, workspace)
        }
    }

    private func run(
        _ order: TileOrder, _ places: Range<Int>, outputBlocks: Range<Int>, _ workspace: Workspace
    ) {
        let count = order.tiles(before: places.upperBound) - order.tiles(before: places.lowerBound)
        guard count > 0 else { return }
        let icBlocks = convolution.icBlocks
        let vStride = icBlocks * count * Kernels.block + 16
        let mStride = count * Kernels.block + 16
        let v = workspace.floats(Self.workspaceCount(tiles: count, icBlocks: icBlocks))
        let m = v + Kernels.elements * vStride
        order.forEachRun(of: places) { run in
            if case .still = run.kind { return }
            transformInput(run, v: v, vStride: vStride, vBlockStride: count * Kernels.block)
        }
        for block in outputBlocks {
            multiply(v: v, vStride: vStride, m: m, mStride: mStride, tiles: count, block: block)
            order.forEachRun(of: places) { run in
                transformOutput(run, m: m, mStride: mStride, block: block)
            }
        }
    }

    private func transformInput(
        _ run: TileOrder.Run, v: UnsafeMutablePointer<Float>, vStride: Int, vBlockStride: Int
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
                tiles: run.count, v: v + run.place * Kernels.block, vElementStride: vStride,
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
        _ run: TileOrder.Run, m: UnsafeMutablePointer<Float>, mStride: Int, block: Int
    ) {
        let tiles = m + run.place * Kernels.block
        let bias = convolution.bias.base + block * Kernels.block
        switch run.kind {
        case .plain:
            kernels.transformOutput(
                tiles, mElementStride: mStride, tiles: run.count, bias: bias,
                out: sinks(of: run, block))
        case .target:
            kernels.transformTarget(
                tiles, mElementStride: mStride, tiles: run.count, bias: bias,
                out: sinks(of: run, block))
        case .difference(let target):
            kernels.transformDifference(
                tiles, mElementStride: mStride, tiles: run.count, y: m + target * Kernels.block,
                out: sinks(of: run, block))
            clear(run, block)
        case .still:
            clear(run, block)
        }
    }

    private func sinks(of run: TileOrder.Run, _ block: Int) -> Kernels.OutputRows {
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
        out.alive = (
            bits(alive, run, y, x, block), bits(alive, run, y + 1, x, block),
            bits(alive, run, y + 2, x, block), bits(alive, run, y + 3, x, block)
        )
        if let pass {
            let row = { UnsafePointer(bits(pass, run, $0, x, block)) }
            out.pass = (row(y), row(y + 1), row(y + 2), row(y + 3))
        }
        return out
    }

    private func pixels(
        _ ring: RowRing?, _ run: TileOrder.Run, _ y: Int, _ x: Int, _ block: Int
    ) -> UnsafeMutablePointer<Float>? {
        guard let ring, y < ring.height else { return nil }
        return ring.pixels(y, image: run.image, block: block) + x * Kernels.block
    }

    private func bits(
        _ bits: ImageBits?, _ run: TileOrder.Run, _ y: Int, _ x: Int, _ block: Int
    ) -> UnsafeMutablePointer<UInt8>? {
        guard let bits, y < height, let image = bits.images[run.image] else { return nil }
        return bits.bits.row(y, image: image, block: block) + 8 * x
    }

    // Zeros for what is outside the support of a difference.
    private func clear(_ run: TileOrder.Run, _ block: Int) {
        guard let support else { return }
        clear(outputs.conv, run, block, support.full, side: 4)
        clear(outputs.relu, run, block, support.full, side: 4)
        clear(outputs.pool, run, block, support.pooled ?? support.full, side: 2)
    }

    // `side` is that of a tile in the ring.
    private func clear(
        _ ring: RowRing?, _ run: TileOrder.Run, _ block: Int, _ support: SupportRing, side: Int
    ) {
        guard let ring else { return }
        let first = side * run.tileColumn
        let end = min(first + side * run.count, ring.width)
        for y in side * run.tileRow..<min(side * (run.tileRow + 1), ring.height) {
            let inside = support.row(y, image: run.image)
            let pixels = ring.pixels(y, image: run.image, block: block)
            for x in first..<max(first, end) where inside[x] == 0 {
                (pixels + x * Kernels.block).update(repeating: 0, count: Kernels.block)
            }
        }
    }
}
