/// The statistics of one demand, gathered while the rows they are made of are in cache.
final class TapStatistics {
    private let demand: TapDemand
    private let kernels: Kernels
    private let channels: Int, height: Int, width: Int
    private let grams: [GramAccumulator]
    private let features: [FeatureMap]
    private var sums: [Double]

    init(
        _ demand: TapDemand, channels: Int, height: Int, width: Int, kernels: Kernels, arena: Arena
    ) {
        self.demand = demand
        self.kernels = kernels
        self.channels = channels
        self.height = height
        self.width = width
        grams = demand.grams.map { _ in
            GramAccumulator(
                channels: channels, isCentred: demand.gram.isCentred, kernels: kernels,
                products: arena.doubles(GramAccumulator.count(channels: channels)))
        }
        features = demand.features.map { _ in
            FeatureMap(channels: channels, height: height, width: width)
        }
        sums = Array(repeating: 0, count: demand.differences.count)
    }

    /// Adds the rows of one step, which all images of the ring hold.
    ///
    /// Gram matrices take whole rows of tiles, `tileRowHeight` rows each, so that their runs do not
    /// depend on how many a step has.
    func add(rows: Range<Int>, tileRowHeight: Int, of ring: RowRing, team: Team) {
        let strips = grams.first?.strips ?? 0
        let gramItems = grams.count * strips
        let differenceItems = demand.differences.count * rows.count
        let copies = demand.features.count * rows.count
        var partial = [Double](repeating: 0, count: differenceItems)
        partial.withUnsafeMutableBufferPointer { partial in
            let partial = partial.baseAddress
            team.parallelWithWorkspace(gramItems + differenceItems + copies) { item, workspace in
                switch item {
                case ..<gramItems:
                    let (index, strip) = item.quotientAndRemainder(dividingBy: strips)
                    for first in stride(
                        from: rows.lowerBound, to: rows.upperBound, by: tileRowHeight)
                    {
                        grams[index].add(
                            strip: strip,
                            rows: first..<min(first + tileRowHeight, rows.upperBound),
                            width: width, workspace: workspace
                        ) { y, block in
                            UnsafePointer(
                                ring.pixels(y, image: demand.grams[index], block: block))
                        }
                    }
                case ..<(gramItems + differenceItems):
                    let (index, row) = (item - gramItems)
                        .quotientAndRemainder(dividingBy: rows.count)
                    partial?[item - gramItems] = difference(
                        demand.differences[index], y: rows.lowerBound + row, ring)
                default:
                    let (index, row) = (item - gramItems - differenceItems)
                        .quotientAndRemainder(dividingBy: rows.count)
                    copy(
                        features[index], image: demand.features[index], rows.lowerBound + row, ring)
                }
            }
        }
        for (item, value) in partial.enumerated() { sums[item / rows.count] += value }
    }

    private func difference(_ difference: Difference, y: Int, _ ring: RowRing) -> Double {
        var total = 0.0
        for block in 0..<ring.blocks {
            let output = ring.pixels(y, image: difference.output, block: block)
            let target =
                switch difference.target {
                case .image(let image): ring.pixels(y, image: image, block: block)
                case .stored(let map): map.pixels(y, block: block)
                }
            total += kernels.absoluteDifference(output, target, count: width * Kernels.block)
        }
        return total
    }

    private func copy(_ map: FeatureMap, image: Int, _ y: Int, _ ring: RowRing) {
        for block in 0..<ring.blocks {
            map.pixels(y, block: block).update(
                from: ring.pixels(y, image: image, block: block), count: width * Kernels.block)
        }
    }

    /// The result, once every row has been added.
    func result(team: Team) -> TapResult {
        let positions = height * width
        var matrices = [GramMatrix?](repeating: nil, count: grams.count)
        matrices.withUnsafeMutableBufferPointer { matrices in
            // One pointer, written by each item in a place of its own.
            let results = matrices.baseAddress
            team.parallel(grams.count) { index in
                results?[index] = GramMatrix(
                    kind: demand.gram, upperProducts: grams[index].upperProducts(),
                    channels: channels, positions: positions)
            }
        }
        return TapResult(
            tap: demand.tap, channels: channels, height: height, width: width,
            grams: Dictionary(
                uniqueKeysWithValues: zip(demand.grams, matrices.compactMap(\.self))),
            differences: sums.map { $0 / Double(channels * positions) },
            features: Dictionary(uniqueKeysWithValues: zip(demand.features, features)))
    }
}
