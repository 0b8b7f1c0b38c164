/// The Gram matrix of one image at one tap, accumulated as rows of features appear.
///
/// Only the upper triangle is computed, in pairs of channel blocks, and each pair in strips that are
/// the items of a parallel loop. A strip adds pixels in runs of at most `runPixels`: FP32 within a
/// run, FP64 across runs. Runs depend on the shape of the features alone, so the bits do as well.
final class GramAccumulator: @unchecked Sendable {
    // Unchecked: each strip writes to memory of its own.
    private let kernels: Kernels
    private let kind: GramKind
    private let channels: Int
    private let pairs: [(a: Int, b: Int)]
    // [pair][64][64]
    private let products: UnsafeMutablePointer<Double>
    private var centres: [CentredStrip]

    private static let stripRows = 16
    private static let strips = Kernels.block / stripRows
    private static let pairCount = Kernels.block * Kernels.block
    /// 512 pixels of two blocks are 256 KiB, and the sum of their products is good to about 1e-6.
    static let runPixels = 512

    init(channels: Int, kind: GramKind, kernels: Kernels) {
        self.kernels = kernels
        self.kind = kind
        self.channels = channels
        let blocks = channels / Kernels.block
        pairs = (0..<blocks).flatMap { a in (a..<blocks).map { b in (a, b) } }
        products = .allocate(capacity: pairs.count * Self.pairCount)
        products.initialize(repeating: 0, count: pairs.count * Self.pairCount)
        let centreCount = kind.isCentred ? pairs.count * Self.strips : 0
        centres = Array(repeating: CentredStrip(), count: centreCount)
    }

    deinit { products.deallocate() }

    /// The memory of the sums for so many channels.
    static func bytes(channels: Int) -> Int {
        let blocks = channels / Kernels.block
        return blocks * (blocks + 1) / 2 * pairCount * MemoryLayout<Double>.stride
    }

    /// Items of the parallel loop that one group of rows takes.
    var strips: Int { pairs.count * Self.strips }

    /// Adds a group of neighbouring rows to one strip. `pixels(row, block)` is a row's channel block
    /// at column 0.
    func add(
        strip: Int, rows: Range<Int>, width: Int, workspace: Workspace,
        pixels: (Int, Int) -> UnsafePointer<Float>
    ) {
        let (pairIndex, place) = strip.quotientAndRemainder(dividingBy: Self.strips)
        let pair = pairs[pairIndex]
        let first = place * Self.stripRows
        let rowsPerRun = max(1, Self.runPixels / width)
        var run = Run(products: products + pairIndex * Self.pairCount, firstChannel: first)
        run.isDiagonal = pair.a == pair.b
        for y in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsPerRun) {
            let group = y..<min(y + rowsPerRun, rows.upperBound)
            for x in stride(from: 0, to: width, by: Self.runPixels) {
                run.width = min(Self.runPixels, width - x)
                run.a = group.map { pixels($0, pair.a) + x * Kernels.block }
                run.b = group.map { pixels($0, pair.b) + x * Kernels.block }
                if kind.isCentred {
                    centres[strip].centre(&run, kernels: kernels, workspace: workspace)
                }
                multiply(run)
            }
        }
    }

    private func multiply(_ run: Run) {
        let strip = run.firstChannel..<run.firstChannel + Self.stripRows
        for i in stride(from: strip.lowerBound, to: strip.upperBound, by: kernels.gramRows) {
            for j in stride(from: 0, to: Kernels.block, by: kernels.gramColumns)
            where !run.isDiagonal || j + kernels.gramColumns > i {
                kernels.gram(
                    run.a, i, run.b, j, rows: run.a.count, width: run.width,
                    g: run.products + i * Kernels.block + j, ldg: Kernels.block)
            }
        }
    }

    /// The matrix, once every row has been added to every strip.
    func matrix(positions: Int) -> GramMatrix {
        var values = [Double](repeating: 0, count: channels * channels)
        for (index, pair) in pairs.enumerated() {
            let sums = products + index * Self.pairCount
            for i in 0..<Kernels.block {
                for j in (pair.a == pair.b ? i : 0)..<Kernels.block {
                    let row = pair.a * Kernels.block + i
                    let column = pair.b * Kernels.block + j
                    let value = sums[i * Kernels.block + j]
                    values[row * channels + column] = value
                    values[column * channels + row] = value
                }
            }
        }
        return GramMatrix(kind: kind, products: values, channels: channels, positions: positions)
    }

    /// Pixels of two channel blocks whose products are added to one strip.
    struct Run {
        let products: UnsafeMutablePointer<Double>
        let firstChannel: Int
        var isDiagonal = false
        var width = 0
        var a: [UnsafePointer<Float>] = []
        var b: [UnsafePointer<Float>] = []

        init(products: UnsafeMutablePointer<Double>, firstChannel: Int) {
            self.products = products
            self.firstChannel = firstChannel
        }
    }
}
