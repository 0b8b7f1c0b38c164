/// The products of all pairs of channels of one image, or of one patch of it, summed as rows appear.
///
/// Only the upper triangle is computed, in pairs of channel blocks, and each pair in strips that are
/// the items of a parallel loop. A strip adds pixels in runs of at most `runPixels`: in the precision
/// of the features within a run, FP64 across runs. Runs depend on the shape of the features alone, so
/// the bits do as well.
///
/// Of a difference d of an image from a target t it sums how much the products change,
/// `(t + d)(t + d)ᵀ − t tᵀ = S + Sᵀ` with `S = (t + d/2) dᵀ`: of all pairs of blocks, so that it takes as
/// long as the products of both images.
package struct GramAccumulator<Element: FeatureElement> {
    private let kernels: Kernels
    private let isCentred: Bool
    private let isChange: Bool
    private let channels: Int
    private let pairs: [(a: Int, b: Int)]
    // [pair][64][64]
    private let products: UnsafeMutablePointer<Double>
    // One a strip, none unless centred.
    private let centres: UnsafeMutablePointer<Double>

    /// `channels` need not fill its last block, whose other values are zero then. `memory` has
    /// `count(channels:isCentred:)` places and outlives the accumulator; what it holds does not
    /// matter.
    package init(
        channels: Int, isCentred: Bool, isChange: Bool = false, kernels: Kernels,
        memory: UnsafeMutablePointer<Double>
    ) {
        self.kernels = kernels
        self.isCentred = isCentred
        self.isChange = isChange
        self.channels = channels
        let blocks = Kernels.blocks(of: channels)
        pairs = (0..<blocks).flatMap { a in ((isChange ? 0 : a)..<blocks).map { b in (a, b) } }
        products = memory
        centres = memory + pairs.count * GramLayout.pairCount
    }

    /// Items of the parallel loop that one group of rows takes.
    package var strips: Int { pairs.count * GramLayout.strips }

    /// Adds neighbouring rows, at most a unit, of some columns to one strip, which begins with the
    /// first of them; of a change, the rows of the difference and of what it is the difference from;
    /// of weighted features, their weights.
    package func add(
        _ rows: FeatureRows<Element>, from target: FeatureRows<Element>? = nil,
        weights: PositionWeights? = nil, _ ys: Range<Int>, columns: Range<Int>, strip: Int,
        isFirst: Bool, workspace: Workspace
    ) {
        let (pairIndex, place) = strip.quotientAndRemainder(dividingBy: GramLayout.strips)
        let pair = pairs[pairIndex]
        let first = place * GramLayout.stripRows
        let end = min(first + GramLayout.stripRows, channels - pair.a * Kernels.block)
        guard first < end else { return }
        let centre = CentredStrip<Element>(
            memory: centres + strip * CentredStrip<Element>.count, kernels: kernels)
        if isFirst {
            // By the worker that adds to it, whose cache it is in then: the matrices of eight images of
            // 224², to relu5_3, are 22 MB.
            (products + pairIndex * GramLayout.pairCount + first * Kernels.block)
                .update(repeating: 0, count: (end - first) * Kernels.block)
            if isCentred { centre.clear() }
        }
        let rowsPerRun = min(ys.count, max(1, GramLayout.runPixels / columns.count))
        withUnsafeTemporaryAllocation(
            of: UnsafePointer<Element>.self, capacity: 2 * rowsPerRun
        ) { pointers in
            guard let a = pointers.baseAddress else { return }
            var run = GramRun(
                products: products + pairIndex * GramLayout.pairCount, channels: first..<end,
                columnsEnd: min(Kernels.block, channels - pair.b * Kernels.block),
                isDiagonal: pair.a == pair.b && !isChange, a: a, b: a + rowsPerRun)
            for y in stride(from: ys.lowerBound, to: ys.upperBound, by: rowsPerRun) {
                run.rows = min(rowsPerRun, ys.upperBound - y)
                for x in stride(
                    from: columns.lowerBound, to: columns.upperBound, by: GramLayout.runPixels)
                {
                    run.width = min(GramLayout.runPixels, columns.upperBound - x)
                    for row in 0..<run.rows {
                        run.a[row] = rows.pixels(y + row, block: pair.a) + x * Kernels.block
                        run.b[row] = rows.pixels(y + row, block: pair.b) + x * Kernels.block
                    }
                    if let target {
                        replaceByMidpoints(&run, target, y, pair.a, x, workspace)
                    }
                    if let weights { replaceByWeighted(&run, weights, y, x, workspace) }
                    if isCentred { centre.centre(&run, workspace: workspace) }
                    multiply(run)
                }
            }
        }
    }

    // The rows of both blocks by weighted ones in scratch memory.
    private func replaceByWeighted(
        _ run: inout GramRun<Element>, _ weights: PositionWeights, _ y: Int, _ x: Int,
        _ workspace: Workspace
    ) {
        let count = run.rows * run.width * Kernels.block
        var weighted = UnsafeMutableRawPointer(workspace.doubles(2 * count))
            .bindMemory(to: Element.self, capacity: 2 * count)
        for row in 0..<run.rows {
            let weights = weights.row(y + row) + x
            for rows in 0..<2 {
                let rows = rows == 0 ? run.a : run.b
                let features = rows[row]
                for pixel in 0..<run.width {
                    let weight = Element(weights[pixel])
                    let first = pixel * Kernels.block
                    for c in first..<first + Kernels.block { weighted[c] = weight * features[c] }
                }
                rows[row] = UnsafePointer(weighted)
                weighted += run.width * Kernels.block
            }
        }
    }

    // The rows of block a, of the difference, by `t + d/2` in scratch memory, of the strip's channels
    // or, where their means are taken, of all.
    private func replaceByMidpoints(
        _ run: inout GramRun<Element>, _ target: FeatureRows<Element>, _ y: Int, _ block: Int,
        _ x: Int, _ workspace: Workspace
    ) {
        let pixels = run.rows * run.width
        let before = isCentred ? CentredStrip<Element>.scratchCount(pixels: pixels) : 0
        let scratch = workspace.doubles(before + pixels * Kernels.block) + before
        var midpoints = UnsafeMutableRawPointer(scratch)
            .bindMemory(to: Element.self, capacity: pixels * Kernels.block)
        let channels = isCentred ? 0..<Kernels.block : run.channels
        for row in 0..<run.rows {
            let t = target.pixels(y + row, block: block) + x * Kernels.block
            Element.midpoint(
                kernels, t + channels.lowerBound, run.a[row] + channels.lowerBound,
                channels: channels.count, width: run.width,
                into: midpoints + channels.lowerBound)
            run.a[row] = UnsafePointer(midpoints)
            midpoints += run.width * Kernels.block
        }
    }

    private func multiply(_ run: GramRun<Element>) {
        let block = Element.gramBlock(kernels)
        let lanes = block.columns / 2
        for i in stride(from: run.channels.lowerBound, to: run.channels.upperBound, by: block.rows)
        {
            // Of a block with itself, what lies below the diagonal is left out, by the vector.
            var j = run.isDiagonal ? i / lanes * lanes : 0
            while j < run.columnsEnd {
                let vectors = run.columnsEnd - j > lanes ? 2 : 1
                Element.gram(
                    kernels, run.a, i, run.b, j, vectors: vectors, rows: run.rows, width: run.width,
                    g: run.products + i * Kernels.block + j, ldg: Kernels.block)
                j += vectors * lanes
            }
        }
    }

    /// Adds the sums over other columns of the same features, neither of them centred.
    package func add(_ other: GramAccumulator) {
        precondition(channels == other.channels && !isCentred && !other.isCentred)
        for i in 0..<pairs.count * GramLayout.pairCount { products[i] += other.products[i] }
    }

    /// Writes the sums' upper triangle, row by row, row i from its diagonal on, once every row has
    /// been added to every strip.
    package func copyUpperProducts(to values: UnsafeMutablePointer<Double>) {
        if isChange { return copyUpperChanges(to: values) }
        for (index, pair) in pairs.enumerated() {
            let sums = products + index * GramLayout.pairCount
            let columns = min(Kernels.block, channels - pair.b * Kernels.block)
            for i in 0..<min(Kernels.block, channels - pair.a * Kernels.block) {
                let first = pair.a == pair.b ? i : 0
                let row = pair.a * Kernels.block + i
                let start = GramMatrix.upperStart(ofRow: row, order: channels)
                (values + start + pair.b * Kernels.block + first - row).initialize(
                    from: sums + i * Kernels.block + first, count: columns - first)
            }
        }
    }

    // S_ij + S_ji
    private func copyUpperChanges(to values: UnsafeMutablePointer<Double>) {
        let blocks = Kernels.blocks(of: channels)
        let place = { (row: Int, column: Int) in
            let pair = row / Kernels.block * blocks + column / Kernels.block
            return (pair * Kernels.block + row % Kernels.block) * Kernels.block
                + column % Kernels.block
        }
        var next = values
        for row in 0..<channels {
            for column in row..<channels {
                next.initialize(to: products[place(row, column)] + products[place(column, row)])
                next += 1
            }
        }
    }

    /// Means of the channels, when centred and once every row has been added to every strip.
    package func means() -> [Double] {
        // Every diagonal pair has them, in its first strip.
        pairs.enumerated().filter { $0.element.a == $0.element.b }.flatMap { index, pair in
            let memory =
                centres + index * GramLayout.strips * CentredStrip<Element>.count
            let count = min(Kernels.block, channels - pair.a * Kernels.block)
            return CentredStrip<Element>(memory: memory, kernels: kernels).means(count)
        }
    }
}

/// How the sums of products lie in memory and are cut.
package enum GramLayout {
    package static let stripRows = 16
    package static let strips = Kernels.block / stripRows
    package static let pairCount = Kernels.block * Kernels.block
    /// 512 pixels of two blocks are 256 KiB, and the sum of their products is good to about 1e-6.
    package static let runPixels = 512

    /// The doubles that an accumulator of so many channels takes.
    package static func count(channels: Int, isCentred: Bool, isChange: Bool = false) -> Int {
        let blocks = Kernels.blocks(of: channels)
        let pairs = isChange ? blocks * blocks : blocks * (blocks + 1) / 2
        return pairs * (pairCount + (isCentred ? strips * CentredStrip<Float>.count : 0))
    }
}

/// Pixels of two channel blocks whose products are added to one strip.
package struct GramRun<Element> {
    package let products: UnsafeMutablePointer<Double>
    /// The strip's channels of block a, and where the channels of block b end.
    package let channels: Range<Int>
    package let columnsEnd: Int
    package let isDiagonal: Bool
    /// The rows of either block, and how many pixels each has.
    package let a: UnsafeMutablePointer<UnsafePointer<Element>>
    package let b: UnsafeMutablePointer<UnsafePointer<Element>>
    package var rows = 0
    package var width = 0
}
