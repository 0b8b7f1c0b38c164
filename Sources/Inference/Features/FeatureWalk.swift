/// One sample of given features on the road of the network's: run after run of positions through the
/// observers of a demand.
struct FeatureWalk {
    let demand: FeatureDemand
    /// The tensors of the images that the demand names, of one shape.
    let tensors: [FeatureTensor]
    let kernels: Kernels
    let memory: BufferPool

    private var shape: FeatureShape { tensors[0].dimensions.shape }

    // Positions are taken as one row, unless patches need them as they lie.
    private static func width(_ demand: FeatureDemand, _ shape: FeatureShape) -> Int {
        demand.summaries.contains { if case .patchProducts = $0.kind { true } else { false } }
            ? shape.width : min(shape.positions, GramLayout.runPixels)
    }

    /// The scratch floats that a walk takes of its thread: two doubles a column where pixels are
    /// brought to unit length, or what Gram matrices take.
    static func scratchCount(_ shape: FeatureShape) -> Int {
        max(Workspace.count(width: 0), shape.width > .max / 4 ? .max : 4 * shape.width)
    }

    /// The bytes that a walk takes besides the tensors.
    static func bytes(_ demand: FeatureDemand, _ shape: FeatureShape, images: Int) -> Int {
        arenaCount(demand, shape, images: images) * MemoryLayout<Float>.stride
            + demand.resultBytes(shape)
    }

    private static func arenaCount(
        _ demand: FeatureDemand, _ shape: FeatureShape, images: Int
    ) -> Int {
        let run = FeatureRun<Double>.count(
            shape, images: images, width: width(demand, shape))
        return Arena.rounded(2 * run)
            + TapStatistics<Double>.arenaCount(demand, shape, segments: 1)
    }

    /// Walks through one sample of all tensors in a precision, alone on its thread.
    func run<Element: FeatureElement>(
        sample: Int, as element: Element.Type, _ workspace: Workspace, _ team: Team
    ) throws(InferenceError) -> FeatureResult {
        let arena = try Arena(
            count: Self.arenaCount(demand, shape, images: tensors.count), pool: memory)
        let width = Self.width(demand, shape)
        let run = FeatureRun<Element>(
            shape, images: tensors.count, width: width, arena: arena)
        let statistics = try TapStatistics<Element>(
            demand, shape, segments: [0..<width], splitsColumns: false, kernels: kernels,
            arena: arena
        ) { _ in nil }
        for (row, first) in stride(from: 0, to: shape.positions, by: width).enumerated() {
            try team.checkCancelled()
            let positions = first..<min(first + width, shape.positions)
            for (image, tensor) in tensors.enumerated() {
                run.pack(tensor, sample: sample, positions, image: image)
            }
            let group = RowGroup(rows: row..<row + 1, unit: 1, width: positions.count)
            for item in 0..<statistics.prepare(group) {
                try team.checkCancelled()
                statistics.observe(item, group, workspace: workspace) { run.rows(ofImage: $0) }
            }
            statistics.finish(group)
        }
        return statistics.result()
    }
}
