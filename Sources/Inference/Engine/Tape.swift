/// What a walk through the network leaves for the way back: of every convolution which outputs pass a
/// gradient, one bit each; and signs of differences.
public final class Tape: Sendable {
    let variant: NetworkVariant
    let preprocessing: Preprocessing
    /// The images of the stack that it is of, by position.
    let sources: [Int]
    /// Rows and columns of the images.
    let height: Int, width: Int
    /// One for each convolution, in network order, as far as was walked.
    let layers: [TapeLayer]
    /// The signs that were asked for.
    let signs: [SignDemand: SignMap]
    /// The first convolution that was kept; those before it have to be walked again.
    let boundary: Int

    /// How many images it is of.
    var images: Int { sources.count }

    init(
        variant: NetworkVariant, preprocessing: Preprocessing, sources: [Int],
        signs: [SignDemand], plan: WalkPlan, from boundary: Int, arena: Arena
    ) {
        self.variant = variant
        self.preprocessing = preprocessing
        self.sources = sources
        self.boundary = boundary
        let size = ImageSize(height: plan.stages[0].height, width: plan.stages[0].width)
        (height, width) = (size.height, size.width)
        layers = plan.tapeLayers(of: variant).enumerated().map { index, layer in
            TapeLayer(
                layer, images: sources.count, slots: index < boundary ? 0 : layer.height,
                arena: arena)
        }
        var maps: [SignDemand: SignMap] = [:]
        for demand in signs {
            maps[demand] = SignMap(variant.features(of: size, at: demand.tap), arena: arena)
        }
        self.signs = maps
    }

    private init(_ tape: Tape, layers: [TapeLayer]) {
        variant = tape.variant
        preprocessing = tape.preprocessing
        // Only its own images are walked again, and no signs taken.
        sources = Array(tape.sources.indices)
        signs = [:]
        (height, width) = (tape.height, tape.width)
        boundary = tape.boundary
        self.layers = layers
    }

    /// The same with room for so many rows of the layers that are walked again.
    func withRoom(slots: [Int], arena: Arena) -> Tape {
        let room = zip(layers, slots).map {
            TapeLayer($0.plan, images: images, slots: $1, arena: arena)
        }
        return Tape(self, layers: room + layers[room.count...])
    }
}

/// What a walk keeps of one convolution for the way back, before it is walked.
package struct TapeLayerShape: Sendable {
    let shape: ConvolutionShape
    /// Rows and columns of its output.
    let height: Int, width: Int
    /// The pool behind it and what it makes of them; nil where the walk does not get there.
    let pool: Pool?
    /// Whether it is kept what the ReLU alone passes, and what ReLU and maximum pass.
    let keepsAlive: Bool, keepsMaxima: Bool
    /// Whether the features after the ReLU are kept, which the slope of a pool of roots needs.
    var keepsFeatures: Bool { pool?.pooling.isRoot ?? false }

    struct Pool: Sendable {
        let pooling: NetworkVariant.Pooling
        let height: Int, width: Int

        /// The rows of windows that a row of its input is in.
        func rows(ofInput y: Int) -> ClosedRange<Int> {
            pooling == .l2Hann && y % 2 == 1 ? y / 2...y / 2 + 1 : y / 2...y / 2
        }
    }

    private var blocks: Int { shape.outChannels / Kernels.block }

    func makeBits(images: Int, slots: Int, arena: Arena) -> PassBits {
        PassBits(images: images, blocks: blocks, width: width, slots: slots, arena: arena)
    }

    /// The floats that are kept of an arena, bits and features: of all rows, or of so many.
    func keptCount(images: Int, slots: Int? = nil) -> Int {
        let slots = min(slots ?? height, height)
        let bits = PassBits.count(images: images, blocks: blocks, width: width, slots: slots)
        let features = keepsFeatures ? slots * shape.outChannels * width : 0
        return Arena.rounded(bits) * ((keepsAlive ? 1 : 0) + (keepsMaxima ? 1 : 0))
            + images * Arena.rounded(features)
    }
}

/// What is known of one convolution on the way back.
struct TapeLayer: Sendable {
    let plan: TapeLayerShape
    /// Whether the ReLU passes, where nothing but the ReLU is asked.
    let alive: PassBits?
    /// Whether ReLU and maximum pass.
    let maxima: PassBits?
    /// The features after the ReLU, of each image, where the pool is one of roots.
    let features: [FeatureMap]

    /// - Parameter slots: how many rows are held at a time; 0 for a layer that is not kept.
    init(_ plan: TapeLayerShape, images: Int, slots: Int, arena: Arena) {
        self.plan = plan
        let slots = min(slots, plan.height)
        let bits = { (isKept: Bool) in
            slots > 0 && isKept
                ? plan.makeBits(images: images, slots: slots, arena: arena) : nil
        }
        alive = bits(plan.keepsAlive)
        maxima = bits(plan.keepsMaxima)
        features =
            slots > 0 && plan.keepsFeatures
            ? (0..<images).map { _ in
                FeatureMap(
                    channels: plan.shape.outChannels, height: plan.height, width: plan.width,
                    slots: slots, arena: arena)
            } : []
    }

    var shape: ConvolutionShape { plan.shape }
    var height: Int { plan.height }
    var width: Int { plan.width }
    var pool: TapeLayerShape.Pool? { plan.pool }

    /// By how much the channels of equal pixels may differ after the tile domain's rounding, in units
    /// of the root mean square of their row of windows. Where every channel of two pixels does, what
    /// they were computed from was equal, and a maximum takes the first one as exact arithmetic does;
    /// one channel alone that is so near says nothing, and there the largest counts.
    static let tieTolerance: Float = 3e-5

    /// Keeps rows that the ring of the ReLU holds, whole windows of the pool, of the images at some
    /// positions; what the ReLU passes only where the convolution has not kept that itself.
    func record(
        rows: Range<Int>, of ring: RowRing, _ sources: [Int], hasAlive: Bool, kernels: Kernels,
        team: Team
    ) {
        let alive = hasAlive ? nil : alive
        guard !rows.isEmpty, alive != nil || maxima != nil || !features.isEmpty else { return }
        let pairs = rows.lowerBound / 2..<(rows.upperBound + 1) / 2
        team.parallelWithWorkspace(sources.count * pairs.count) { item, workspace in
            let (image, place) = item.quotientAndRemainder(dividingBy: pairs.count)
            let pair = pairs.lowerBound + place
            let ys = 2 * pair..<min(2 * pair + 2, height)
            let relu = ring.rows(ofImage: sources[image])
            if let alive { recordAlive(ys, image, alive, relu, kernels) }
            if !features.isEmpty { keep(ys, relu, in: features[image]) }
            if let maxima, let pool, pair < pool.height {
                recordMaxima(
                    ys, image, maxima, relu, pooledWidth: pool.width, kernels, workspace)
            } else if let maxima {
                for block in 0..<relu.blocks {
                    for y in ys {
                        maxima.row(y, image: image, block: block).update(
                            repeating: 0, count: 8 * width)
                    }
                }
            }
        }
    }

    private func keep(_ rows: Range<Int>, _ relu: FeatureRows<Float>, in map: FeatureMap) {
        for y in rows {
            for block in 0..<relu.blocks {
                map.pixels(y, block: block).update(
                    from: relu.pixels(y, block: block), count: width * Kernels.block)
            }
        }
    }

    private func recordAlive(
        _ rows: Range<Int>, _ image: Int, _ bits: PassBits, _ relu: FeatureRows<Float>,
        _ kernels: Kernels
    ) {
        for block in 0..<relu.blocks {
            for y in rows {
                kernels.aliveBits(
                    relu.pixels(y, block: block), columns: width,
                    bits: bits.row(y, image: image, block: block))
            }
        }
    }

    private func recordMaxima(
        _ rows: Range<Int>, _ image: Int, _ bits: PassBits, _ relu: FeatureRows<Float>,
        pooledWidth: Int, _ kernels: Kernels, _ workspace: Workspace
    ) {
        var squares = 0.0
        for block in 0..<relu.blocks {
            for y in rows {
                squares += kernels.sumOfSquares(
                    relu.pixels(y, block: block), count: width * Kernels.block)
            }
        }
        let count = Double(relu.blocks * rows.count * width * Kernels.block)
        let tolerance = Self.tieTolerance * Float((squares / count).squareRoot())
        let first = UnsafeMutableRawPointer(workspace.floats(pooledWidth))
            .assumingMemoryBound(to: UInt8.self)
        withRows(rows) {
            relu.pixels($0, block: 0)
        } body: { features in
            kernels.equalPixels(
                features, blockStride: relu.blockStride, blocks: relu.blocks, columns: width,
                pooledColumns: pooledWidth, tolerance: tolerance, first: first)
        }
        for block in 0..<relu.blocks {
            withRows(rows) {
                relu.pixels($0, block: block)
            } body: { features in
                withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<UInt8>?.self, capacity: 2) {
                    flags in
                    for r in 0..<2 {
                        let y = rows.lowerBound + r
                        flags.initializeElement(
                            at: r,
                            to: rows.contains(y) ? bits.row(y, image: image, block: block) : nil)
                    }
                    guard let flags = UnsafePointer(flags.baseAddress) else { return }
                    kernels.maximumBits(
                        features, columns: width, pooledColumns: pooledWidth, first: first,
                        bits: flags)
                }
            }
        }
    }

    // Two rows, the second of which may not be there.
    private func withRows(
        _ rows: Range<Int>, _ pixels: (Int) -> UnsafePointer<Float>,
        body: (UnsafePointer<UnsafePointer<Float>?>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 2) { pointers in
            for r in 0..<2 {
                let y = rows.lowerBound + r
                pointers.initializeElement(
                    at: r, to: rows.contains(y) ? pixels(y) : nil)
            }
            guard let pointers = UnsafePointer(pointers.baseAddress) else { return }
            body(pointers)
        }
    }
}

extension WalkPlan {
    /// What is to be kept of each convolution for the way back.
    package func tapeLayers(of variant: NetworkVariant) -> [TapeLayerShape] {
        stages.indices.compactMap { index in
            let stage = stages[index]
            guard case .convolution = stage.layer else { return nil }
            let isPooled =
                stage.writes(.pool)
                || stages.indices.contains(index + 1) && stages[index + 1].isPool
            let isMaximum = isPooled && variant.pooling == .max
            return TapeLayerShape(
                shape: stage.shape, height: stage.height, width: stage.width,
                pool: isPooled
                    ? .init(
                        pooling: variant.pooling, height: stage.pooledHeight,
                        width: stage.pooledWidth) : nil,
                keepsAlive: !isPooled || !isMaximum && !variant.pooling.isRoot
                    || stage.demands.relu != nil,
                keepsMaxima: isMaximum)
        }
    }
}
