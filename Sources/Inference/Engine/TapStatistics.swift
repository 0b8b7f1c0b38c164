/// The statistics of one demand, gathered while the rows they are made of are in cache.
final class TapStatistics {
    private let demand: TapDemand
    private let kernels: Kernels
    private let channels: Int, height: Int, width: Int
    private let segments: [Range<Int>]
    // [gram of the demand][segment]
    private let grams: [[GramAccumulator]]
    private let features: [FeatureMap]
    private let tasks: [Task]
    private var differenceSums: [Double]

    /// What is gathered of one image, or of two that are compared, in one segment of columns. The
    /// index is that of the demand's list.
    private struct Task {
        enum Kind { case gram, difference, features }
        let kind: Kind
        let index: Int
        let segment: Int
        // Twice the position of the image; of two images the one between them.
        let place: Int
    }

    /// `splitsColumns` says that the workers share the columns of the stack and not its images.
    init(
        _ demand: TapDemand, channels: Int, height: Int, width: Int, splitsColumns: Bool,
        kernels: Kernels, arena: Arena
    ) {
        self.demand = demand
        self.kernels = kernels
        self.channels = channels
        self.height = height
        self.width = width
        let segments = Self.segments(of: demand, width: width)
        self.segments = segments
        grams = demand.grams.map { _ in
            segments.map { _ in
                GramAccumulator(
                    channels: channels, isCentred: demand.gram.isCentred, kernels: kernels,
                    products: arena.doubles(GramAccumulator.count(channels: channels)))
            }
        }
        features = demand.features.map { _ in
            FeatureMap(channels: channels, height: height, width: width)
        }
        differenceSums = Array(repeating: 0, count: demand.differences.count)
        tasks = Self.tasks(of: demand, segments: segments.count, splitsColumns: splitsColumns)
    }

    /// The segments of columns that are summed by themselves; centred features are not, for each run
    /// is joined to the means of those before it.
    static func segments(of demand: TapDemand, width: Int) -> [Range<Int>] {
        demand.gram.isCentred ? [0..<width] : ColumnSegments.columns(width: width)
    }

    // In the order in which convolutions share the rows: each worker reads what it has just written.
    private static func tasks(
        of demand: TapDemand, segments: Int, splitsColumns: Bool
    ) -> [Task] {
        var tasks: [Task] = []
        for segment in 0..<segments {
            for (index, image) in demand.grams.enumerated() {
                tasks.append(Task(kind: .gram, index: index, segment: segment, place: 2 * image))
            }
            for (index, difference) in demand.differences.enumerated() {
                let target =
                    if case .image(let image) = difference.target { image } else {
                        difference.output
                    }
                tasks.append(
                    Task(
                        kind: .difference, index: index, segment: segment,
                        place: difference.output + target))
            }
            for (index, image) in demand.features.enumerated() {
                tasks.append(
                    Task(kind: .features, index: index, segment: segment, place: 2 * image))
            }
        }
        let key = { (task: Task) in
            splitsColumns ? (task.segment, task.place) : (task.place, task.segment)
        }
        return tasks.sorted { key($0) < key($1) }
    }

    /// Adds the rows of one step, which all images of the ring hold.
    ///
    /// Gram matrices take whole rows of tiles, `tileRowHeight` rows each, so that their runs do not
    /// depend on how many a step has.
    func add(rows: Range<Int>, tileRowHeight: Int, of ring: RowRing, team: Team) {
        let strips = grams.first?.first?.strips ?? 0
        let counts = tasks.map { $0.kind == .gram ? strips : rows.count }
        var partial = [Double](
            repeating: 0, count: demand.differences.count * segments.count * rows.count)
        partial.withUnsafeMutableBufferPointer { partial in
            // One pointer, written by each item in a place of its own.
            let partial = partial.baseAddress
            team.parallelWithWorkspace(counts.reduce(0, +)) { item, workspace in
                var (number, place) = (0, item)
                while place >= counts[number] {
                    place -= counts[number]
                    number += 1
                }
                let task = tasks[number]
                switch task.kind {
                case .gram:
                    addGram(
                        task, strip: place, rows: rows, tileRowHeight: tileRowHeight, ring,
                        workspace)
                case .difference:
                    let slot = (task.index * rows.count + place) * segments.count + task.segment
                    partial?[slot] = difference(task, y: rows.lowerBound + place, ring)
                case .features:
                    copy(task, y: rows.lowerBound + place, ring)
                }
            }
        }
        let slots = segments.count * rows.count
        for (slot, value) in partial.enumerated() { differenceSums[slot / slots] += value }
    }

    private func addGram(
        _ task: Task, strip: Int, rows: Range<Int>, tileRowHeight: Int, _ ring: RowRing,
        _ workspace: Workspace
    ) {
        let columns = segments[task.segment]
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: tileRowHeight) {
            grams[task.index][task.segment].add(
                strip: strip, isFirst: first == 0,
                rows: first..<min(first + tileRowHeight, rows.upperBound), width: columns.count,
                workspace: workspace
            ) { y, block in
                UnsafePointer(ring.pixels(y, image: demand.grams[task.index], block: block))
                    + columns.lowerBound * Kernels.block
            }
        }
    }

    private func difference(_ task: Task, y: Int, _ ring: RowRing) -> Double {
        let difference = demand.differences[task.index]
        let columns = segments[task.segment]
        let start = columns.lowerBound * Kernels.block
        var total = 0.0
        for block in 0..<ring.blocks {
            let output = ring.pixels(y, image: difference.output, block: block)
            let target =
                switch difference.target {
                case .image(let image): ring.pixels(y, image: image, block: block)
                case .stored(let map): map.pixels(y, block: block)
                }
            total += kernels.absoluteDifference(
                output + start, target + start, count: columns.count * Kernels.block)
        }
        return total
    }

    private func copy(_ task: Task, y: Int, _ ring: RowRing) {
        let columns = segments[task.segment]
        let start = columns.lowerBound * Kernels.block
        for block in 0..<ring.blocks {
            let row = ring.pixels(y, image: demand.features[task.index], block: block)
            (features[task.index].pixels(y, block: block) + start).update(
                from: row + start, count: columns.count * Kernels.block)
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
                let sums = grams[index][0]
                for other in grams[index].dropFirst() { sums.add(other) }
                results?[index] = GramMatrix(
                    kind: demand.gram, upperProducts: sums.upperProducts(), channels: channels,
                    positions: positions)
            }
        }
        return TapResult(
            tap: demand.tap, channels: channels, height: height, width: width,
            grams: Dictionary(
                uniqueKeysWithValues: zip(demand.grams, matrices.compactMap(\.self))),
            differences: differenceSums.map { $0 / Double(channels * positions) },
            features: Dictionary(uniqueKeysWithValues: zip(demand.features, features)))
    }
}
