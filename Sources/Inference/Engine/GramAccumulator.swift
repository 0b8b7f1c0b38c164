/// The products of all pairs of channels of one sample, summed as rows of features appear.
///
/// Only the upper triangle is computed, in pairs of channel blocks, and each pair in strips that are
/// the items of a parallel loop. A strip adds pixels in runs of at most `runPixels`: FP32 within a
/// run, FP64 across runs. Runs depend on the shape of the features alone, so the bits do as well.
final class GramAccumulator: @unchecked Sendable {
    // Unchecked: each strip writes to memory of its own.
    private let kernels: Kernels
    private let isCentred: Bool
    private let channels: Int
    private let pairs: [(a: Int, b: Int)]
    // [pair][64][64]
    private let products: UnsafeMutablePointer<Double>
    // One a strip, none unless centred.
    private let centres: UnsafeMutableBufferPointer<CentredStrip>

    private static let stripRows = 16
    private static let strips = Kernels.block / stripRows
    private static let pairCount = Kernels.block * Kernels.block
    /// 512 pixels of two blocks are 256 KiB, and the sum of their products is good to about 1e-6.
    static let runPixels = 512

    /// `channels` need not fill its last block, whose other values are zero then. `products` has
    /// `count(channels:)` places and outlives the accumulator; what it holds does not matter.
    init(
        channels: Int, isCentred: Bool, kernels: Kernels, products: UnsafeMutablePointer<Double>
    ) {
        self.products = products
        self.kernels = kernels
        self.isCentred = isCentred
        self.channels = channels
        let blocks = Kernels.blocks(of: channels)
        pairs = (0..<blocks).flatMap { a in (a..<blocks).map { b in (a, b) } }
        let centreCount = isCentred ? pairs.count * Self.strips : 0
        centres = .allocate(capacity: centreCount)
        centres.initialize(repeating: CentredStrip())
    }

    deinit {
        centres.deinitialize()
        centres.deallocate()
    }

    /// The sums for so many channels.
    static func count(channels: Int) -> Int {
        let blocks = Kernels.blocks(of: channels)
        return blocks * (blocks + 1) / 2 * pairCount
    }

    /// Items of the parallel loop that one group of rows takes.
    var strips: Int { pairs.count * Self.strips }

    /// Adds a group of neighbouring rows to one strip, which begins with the first group. `pixels(row,
    /// block)` is a row's channel block at the first of `width` columns.
    func add(
        strip: Int, isFirst: Bool, rows: Range<Int>, width: Int, workspace: Workspace,
        pixels: (Int, Int) -> UnsafePointer<Float>
    ) {
        let (pairIndex, place) = strip.quotientAndRemainder(dividingBy: Self.strips)
        let pair = pairs[pairIndex]
        let first = place * Self.stripRows
        let rowsPerRun = max(1, Self.runPixels / width)
        let end = min(first + Self.stripRows, channels - pair.a * Kernels.block)
        guard first < end else { return }
        if isFirst {
            // Here and not at once: the matrices of eight images of W4 are 22 MB.
            (products + pairIndex * Self.pairCount + first * Kernels.block)
                .update(repeating: 0, count: (end - first) * Kernels.block)
        }
        var run = Run(
            products: products + pairIndex * Self.pairCount, channels: first..<end,
            columnsEnd: min(Kernels.block, channels - pair.b * Kernels.block),
            isDiagonal: pair.a == pair.b)
        for y in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsPerRun) {
            let group = y..<min(y + rowsPerRun, rows.upperBound)
            for x in stride(from: 0, to: width, by: Self.runPixels) {
                run.width = min(Self.runPixels, width - x)
                run.a = group.map { pixels($0, pair.a) + x * Kernels.block }
                run.b = group.map { pixels($0, pair.b) + x * Kernels.block }
                if isCentred {
                    centres[strip].centre(&run, kernels: kernels, workspace: workspace)
                }
                multiply(run)
            }
        }
    }

    private func multiply(_ run: Run) {
        let lanes = kernels.gramColumns / 2
        for i in stride(
            from: run.channels.lowerBound, to: run.channels.upperBound, by: kernels.gramRows)
        {
            // Of a block with itself, what lies below the diagonal is left out, by the vector.
            var j = run.isDiagonal ? i / lanes * lanes : 0
            while j < run.columnsEnd {
                let vectors = run.columnsEnd - j > lanes ? 2 : 1
                kernels.gram(
                    run.a, i, run.b, j, vectors: vectors, rows: run.a.count, width: run.width,
                    g: run.products + i * Kernels.block + j, ldg: Kernels.block)
                j += vectors * lanes
            }
        }
    }

    /// Adds the sums over other columns of the same features, neither of them centred.
    func add(_ other: GramAccumulator) {
        precondition(channels == other.channels && !isCentred && !other.isCentred)
        for i in 0..<pairs.count * Self.pairCount { products[i] += other.products[i] }
    }

    /// The sums' upper triangle as `GramMatrix` takes it, once every row has been added to every
    /// strip.
    func upperProducts() -> [Double] {
        let count = GramMatrix.upperCount(order: channels)
        return [Double](unsafeUninitializedCapacity: count) { values, initializedCount in
            guard let values = values.baseAddress else { return }
            for (index, pair) in pairs.enumerated() {
                let sums = products + index * Self.pairCount
                let columns = min(Kernels.block, channels - pair.b * Kernels.block)
                for i in 0..<min(Kernels.block, channels - pair.a * Kernels.block) {
                    let first = pair.a == pair.b ? i : 0
                    let row = pair.a * Kernels.block + i
                    let start = GramMatrix.upperStart(ofRow: row, order: channels)
                    (values + start + pair.b * Kernels.block + first - row).initialize(
                        from: sums + i * Kernels.block + first, count: columns - first)
                }
            }
            initializedCount = count
        }
    }

    /// Pixels of two channel blocks whose products are added to one strip.
    struct Run {
        let products: UnsafeMutablePointer<Double>
        /// The strip's channels of block a, and where the channels of block b end.
        let channels: Range<Int>
        let columnsEnd: Int
        let isDiagonal: Bool
        var width = 0
        var a: [UnsafePointer<Float>] = []
        var b: [UnsafePointer<Float>] = []
    }
}
