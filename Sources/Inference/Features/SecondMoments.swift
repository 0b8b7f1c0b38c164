/// Sums of products of the rows of given features.
enum SecondMoments {
    /// Sums over the positions of one sample, `Σ_n F_in F_jn`, or `Σ_n (F_in − m_i)(F_jn − m_j)` when
    /// centred, m being the rows' means: the upper triangle as `GramMatrix` takes it.
    ///
    /// Single precision goes through the kernels that the network's taps use, double precision through
    /// OpenBLAS. The sum of a row that is constant is exactly 0 when centred.
    static func upperProducts(
        of tensor: FeatureTensor, sample: Int, isCentred: Bool, _ kernels: Kernels, _ team: Team
    ) throws(InferenceError) -> [Double] {
        try team.checkCancelled()
        switch tensor.elements {
        case .float32(let values):
            return try single(values, tensor, sample, isCentred, kernels, team)
        case .float64(let values):
            return try double(values, tensor, sample, isCentred)
        }
    }

    // Positions are packed as the kernels read activations, [channel block][position][64], a run at a
    // time: the copy of a run stays in cache for all pairs of channels.
    private static func single(
        _ values: [Float], _ tensor: FeatureTensor, _ sample: Int, _ isCentred: Bool,
        _ kernels: Kernels, _ team: Team
    ) throws(InferenceError) -> [Double] {
        let blocks = Kernels.blocks(of: tensor.channels)
        let run = min(tensor.positions, GramAccumulator.runPixels)
        let blockStride = run * Kernels.block
        let packed = FloatBuffer(count: blocks * blockStride)
        packed.base.update(repeating: 0, count: packed.count)
        let workspace = Workspace()
        let memory = FloatBuffer(count: 2 * GramAccumulator.count(channels: tensor.channels))
        let sums = GramAccumulator(
            channels: tensor.channels, isCentred: isCentred, kernels: kernels,
            products: memory.doubles)
        for first in stride(from: 0, to: tensor.positions, by: run) {
            let positions = first..<min(first + run, tensor.positions)
            pack(values, tensor, sample, positions, blockStride, into: packed.base)
            try team.checkCancelled()
            for strip in 0..<sums.strips {
                sums.add(
                    strip: strip, isFirst: first == 0, rows: 0..<1, width: positions.count,
                    workspace: workspace
                ) {
                    UnsafePointer(packed.base) + $1 * blockStride
                }
            }
        }
        return withExtendedLifetime(memory) { sums.upperProducts() }
    }

    private static func pack(
        _ values: [Float], _ tensor: FeatureTensor, _ sample: Int, _ positions: Range<Int>,
        _ blockStride: Int, into packed: UnsafeMutablePointer<Float>
    ) {
        values[tensor.range(of: sample)].withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return }
            let (channelStride, positionStride) = (tensor.channelStride, tensor.positionStride)
            // 128 positions of a channel are eight cache lines in a row, enough for the processor to
            // fetch ahead; what they are written to still fits the first-level cache.
            for first in stride(from: 0, to: positions.count, by: 128) {
                let count = min(128, positions.count - first)
                let from = values + (positions.lowerBound + first) * positionStride
                for channel in 0..<tensor.channels {
                    let (block, c) = channel.quotientAndRemainder(dividingBy: Kernels.block)
                    let to = packed + block * blockStride + first * Kernels.block + c
                    let line = from + channel * channelStride
                    for p in 0..<count { to[p * Kernels.block] = line[p * positionStride] }
                }
            }
        }
    }

    private static func double(
        _ values: [Double], _ tensor: FeatureTensor, _ sample: Int, _ isCentred: Bool
    ) throws(InferenceError) -> [Double] {
        var sample = Array(values[tensor.range(of: sample)])
        if isCentred { centre(&sample, tensor) }
        return try BLAS.dsyrk(
            sample, n: tensor.channels, k: tensor.positions,
            isTransposed: tensor.positionStride != 1)
    }

    // The mean is taken relative to the first value, so that that of a constant row is exact.
    private static func centre(_ sample: inout [Double], _ tensor: FeatureTensor) {
        for channel in 0..<tensor.channels {
            let start = channel * tensor.channelStride
            let places = stride(
                from: start, to: start + tensor.positions * tensor.positionStride,
                by: tensor.positionStride)
            let origin = sample[start]
            let total = places.reduce(0.0) { $0 + (sample[$1] - origin) }
            let mean = origin + total / Double(tensor.positions)
            for place in places { sample[place] -= mean }
        }
    }
}
