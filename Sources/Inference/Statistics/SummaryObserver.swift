/// An observer whose result is a summary.
enum SummaryObserver<Element: FeatureElement> {
    case gram(GramObserver<Element>, SummaryKind)
    case moments(MomentObserver<Element>)
    case patches(PatchGramObserver<Element>, side: Int)

    init(
        _ kind: SummaryKind, isChange: Bool, _ shape: FeatureShape, segments: [Range<Int>],
        weights: PositionWeights? = nil, kernels: Kernels, arena: Arena
    ) {
        precondition(!isChange || kind.hasChanges)
        if case .weightedProducts = kind { precondition(weights != nil, "no weights") }
        switch kind {
        case .products, .weightedProducts:
            self = .gram(
                GramObserver(
                    channels: shape.channels, segments: segments, isCentred: false,
                    isChange: isChange, weights: weights, kernels: kernels, arena: arena), kind)
        case .centredProducts:
            self = .gram(
                GramObserver(
                    channels: shape.channels, segments: [Self.whole(segments)], isCentred: true,
                    isChange: isChange, kernels: kernels, arena: arena), kind)
        case .moments:
            self = .moments(
                MomentObserver(
                    channels: shape.channels, columns: Self.whole(segments), kernels: kernels,
                    arena: arena))
        case .patchProducts(let side):
            self = .patches(
                PatchGramObserver(shape, side: side, kernels: kernels, arena: arena), side: side)
        }
    }

    /// The floats that an observer takes of its arena.
    static func arenaCount(
        _ kind: SummaryKind, isChange: Bool, _ shape: FeatureShape, segments: Int
    ) -> Int {
        switch kind {
        case .products, .weightedProducts:
            GramObserver<Element>.arenaCount(
                channels: shape.channels, segments: segments, isCentred: false, isChange: isChange)
        case .centredProducts:
            GramObserver<Element>.arenaCount(
                channels: shape.channels, segments: 1, isCentred: true, isChange: isChange)
        case .moments: MomentObserver<Element>.arenaCount(channels: shape.channels)
        case .patchProducts(let side): PatchGramObserver<Element>.arenaCount(shape, side: side)
        }
    }

    var observer: any RowObserver<Element> {
        switch self {
        case .gram(let observer, _): observer
        case .moments(let observer): observer
        case .patches(let observer, _): observer
        }
    }

    /// The summary, once all rows have been observed.
    func summary(of shape: FeatureShape) -> Summary {
        let triangle = GramMatrix.upperCount(order: shape.channels)
        switch self {
        case .gram(let observer, let kind):
            let total = observer.total()
            let sums = [Double](unsafeUninitializedCapacity: triangle) { values, count in
                if let values = values.baseAddress { total.copyUpperProducts(to: values) }
                count = triangle
            }
            return Summary(
                kind: kind, shape: shape,
                means: kind == .centredProducts ? total.means() : [], sums: sums)
        case .moments(let observer):
            let moments = observer.moments()
            return Summary(
                kind: .moments, shape: shape, means: moments.means, sums: moments.squares)
        case .patches(let observer, let side):
            let patches = observer.patches
            let sums = [Double](
                unsafeUninitializedCapacity: patches.count * triangle
            ) { values, count in
                guard let values = values.baseAddress else { return }
                for (index, patch) in patches.enumerated() {
                    patch.copyUpperProducts(to: values + index * triangle)
                }
                count = patches.count * triangle
            }
            return Summary(
                kind: .patchProducts(side: side), shape: shape, means: [], sums: sums)
        }
    }

    private static func whole(_ segments: [Range<Int>]) -> Range<Int> {
        0..<(segments.last?.upperBound ?? 0)
    }
}
