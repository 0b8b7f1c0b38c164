/// The statistics of one demand, gathered while the rows they are made of are in cache.
final class TapStatistics<Element: FeatureElement> {
    private let demand: FeatureDemand
    private let shape: FeatureShape
    private let summaries: [SummaryObserver<Element>]
    private let pairs: [PairObserver<Element>]
    private let pairMaps: [PairMapObserver<Element>]
    private let moments: [JointMomentObserver<Element>]
    private let maps: [MapObserver<Element>]
    private let weights: [WeightDemand: PositionWeights]
    private let observers: [any RowObserver<Element>]
    private let tasks: [Task]
    // The first item of each task in the loop at hand, and the end.
    private var starts: [Int]

    /// One observer at work on one segment of columns.
    private struct Task {
        let observer: any RowObserver<Element>
        let segment: Int
        let image: Int
        let target: Target
        enum Target {
            case none
            case image(Int)
            case kept(FeatureRows<Element>)
        }

        /// What tasks are sorted by: the sum of the positions, in the stack, of the two images that
        /// are compared, and twice that of an image by itself.
        var place: Int { if case .image(let other) = target { image + other } else { 2 * image } }
    }

    /// - Parameters:
    ///   - segments: the ranges of columns that are summed apart, where a sum allows it.
    ///   - splitsColumns: whether the workers share the columns of the stack and not its images.
    ///   - zeros: a row of one channel block of zeros.
    ///   - maps: where the features of an image are kept; new memory where nothing is said.
    ///   - mask: the mask of an image of the stack whose positions are weighted.
    ///   - kept: the features that the demand names by number; they outlive this object.
    /// - Throws: `outOfMemory`.
    init(
        _ demand: FeatureDemand, _ shape: FeatureShape, segments: [Range<Int>], splitsColumns: Bool,
        kernels: Kernels, arena: Arena, zeros: FeatureRows<Element>? = nil,
        maps given: [Int: FeatureMap] = [:], mask: (Int) -> Mask? = { _ in nil },
        kept: (Int) -> FeatureRows<Element>?
    ) throws(InferenceError) {
        self.demand = demand
        self.shape = shape
        let weights = try Self.weights(demand.weights, shape, mask)
        self.weights = weights
        summaries = demand.summaries.map { summary in
            SummaryObserver(
                summary.kind, isChange: summary.target != nil, shape, segments: segments,
                weights: summary.weights.flatMap { weights[$0] }, kernels: kernels, arena: arena)
        }
        pairs = demand.pairs.map {
            PairObserver(
                $0.rule, channels: shape.channels, segments: segments,
                weights: $0.weights.flatMap { weights[$0] }, kernels: kernels)
        }
        pairMaps = try demand.pairMaps.map { pair throws(InferenceError) in
            try PairMapObserver(
                pair.rule, shape, segments: segments,
                weights: pair.weights.flatMap { weights[$0] }, kernels: kernels)
        }
        moments = demand.moments.map { _ in
            JointMomentObserver(
                shape, columns: 0..<(segments.last?.upperBound ?? 0), kernels: kernels, arena: arena
            )
        }
        maps = try demand.maps.map { image throws(InferenceError) in
            if let map = given[image] { return MapObserver(map, segments: segments) }
            let map = try FeatureMap(
                channels: shape.channels, height: shape.height, width: shape.width)
            return MapObserver(map, segments: segments)
        }
        observers = summaries.map(\.observer) + pairs + pairMaps + moments + maps
        func rows(of operand: PairDemand.Operand) -> Task.Target {
            switch operand {
            case .image(let other): return .image(other)
            case .kept(let number):
                guard let rows = kept(number) else {
                    preconditionFailure("features \(number) are demanded and not kept")
                }
                return .kept(rows)
            case .nothing:
                guard let zeros else { preconditionFailure("there are no rows of zeros") }
                return .kept(zeros)
            }
        }
        let sights: [(image: Int, target: Task.Target)] =
            demand.summaries.map { ($0.image, $0.target.map(Task.Target.image) ?? .none) }
            + demand.pairs.map { ($0.image, rows(of: $0.target)) }
            + demand.pairMaps.map { ($0.image, rows(of: $0.target)) }
            + demand.moments.map { ($0.image, rows(of: $0.target)) }
            + demand.maps.map { ($0, .none) }
        // In the order in which convolutions share the rows: each worker reads what it has just
        // written.
        tasks = zip(observers, sights).flatMap { observer, sight in
            observer.segments.indices.map {
                Task(observer: observer, segment: $0, image: sight.image, target: sight.target)
            }
        }
        .sorted { a, b in
            splitsColumns
                ? (a.segment, a.place) < (b.segment, b.place)
                : (a.place, a.segment) < (b.place, b.segment)
        }
        starts = Array(repeating: 0, count: tasks.count + 1)
    }

    private static func weights(
        _ demands: [WeightDemand], _ shape: FeatureShape, _ mask: (Int) -> Mask?
    ) throws(InferenceError) -> [WeightDemand: PositionWeights] {
        var weights: [WeightDemand: PositionWeights] = [:]
        for demand in demands {
            guard let mask = mask(demand.image) else {
                preconditionFailure("image \(demand.image) is weighted and has no mask")
            }
            weights[demand] = try PositionWeights(
                mask, demand.weighting, height: shape.height, width: shape.width)
        }
        return weights
    }

    /// The floats that the statistics of a demand take of their arena.
    static func arenaCount(_ demand: FeatureDemand, _ shape: FeatureShape, segments: Int) -> Int {
        let moments =
            demand.moments.count
            * JointMomentObserver<Element>.arenaCount(channels: shape.channels)
        return demand.summaries.reduce(moments) {
            $0
                + SummaryObserver<Element>.arenaCount(
                    $1.kind, isChange: $1.target != nil, shape, segments: segments)
        }
    }

    /// Makes ready for a group of rows; the number of items of its loop.
    func prepare(_ group: RowGroup) -> Int {
        for observer in observers { observer.prepare(group) }
        for (index, task) in tasks.enumerated() {
            starts[index + 1] = starts[index] + task.observer.items(of: group)
        }
        return starts[tasks.count]
    }

    /// Takes one item of a group of rows; `rows` gives those of an image of the stack.
    func observe(
        _ item: Int, _ group: RowGroup, workspace: Workspace, rows: (Int) -> FeatureRows<Element>
    ) {
        var index = 0
        while item >= starts[index + 1] { index += 1 }
        let task = tasks[index]
        let target: FeatureRows<Element>? =
            switch task.target {
            case .none: nil
            case .image(let image): rows(image)
            case .kept(let rows): rows
            }
        task.observer.observe(
            Sight(subject: rows(task.image), target: target), group, segment: task.segment,
            item: item - starts[index], workspace: workspace)
    }

    /// Adds up a group of rows, after its loop.
    func finish(_ group: RowGroup) {
        for observer in observers { observer.finish(group) }
    }

    /// The result, once every row has been observed.
    func result(team: Team) -> FeatureResult {
        result(team.map(summaries.count) { summaries[$0].summary(of: shape) })
    }

    /// The same by the calling thread alone.
    func result() -> FeatureResult {
        result(summaries.map { $0.summary(of: shape) })
    }

    private func result(_ totals: [Summary]) -> FeatureResult {
        FeatureResult(
            shape: shape,
            summaries: Dictionary(
                zip(demand.summaries, totals), uniquingKeysWith: { first, _ in first }),
            pairs: Dictionary(
                zip(demand.pairs, pairs.map { $0.total(of: shape) }),
                uniquingKeysWith: { first, _ in first }),
            pairMaps: Dictionary(
                zip(demand.pairMaps, pairMaps.map(\.map)),
                uniquingKeysWith: { first, _ in first }),
            moments: Dictionary(
                zip(demand.moments, moments.map { $0.moments() }),
                uniquingKeysWith: { first, _ in first }),
            maps: Dictionary(
                zip(demand.maps, maps.map(\.map)), uniquingKeysWith: { first, _ in first }),
            weights: weights)
    }
}

extension TapStatistics where Element == Float {
    /// Observes the rows of one step, which all images of the ring hold.
    func add(rows: Range<Int>, tileRowHeight: Int, of ring: RowRing, team: Team) {
        let group = RowGroup(rows: rows, unit: tileRowHeight, width: ring.width)
        let items = prepare(group)
        team.parallelWithWorkspace(items) { item, workspace in
            observe(item, group, workspace: workspace) { ring.rows(ofImage: $0) }
        }
        finish(group)
    }
}
