/// A layer of given features: what a client's own network made of output and target.
public struct FeatureLayer: Sendable {
    /// The client's name for it.
    public let name: String
    /// The features of the outputs.
    public let output: FeatureTensor
    /// The features of the targets, sample by sample.
    public let target: FeatureTensor

    /// Two tensors with equal numbers of samples and channels.
    public init(name: String, output: FeatureTensor, target: FeatureTensor) throws(FeatureError) {
        guard output.samples == target.samples else {
            throw .shapeMismatch(
                "output.\(name) has \(output.samples) samples and target.\(name) "
                    + "\(target.samples); samples are matched index by index")
        }
        guard output.channels == target.channels else {
            throw .shapeMismatch(
                "output.\(name) has \(output.channels) channels and target.\(name) "
                    + "\(target.channels); they must be equal")
        }
        self.name = name
        self.output = output
        self.target = target
    }

    /// Whether a perceptual loss is defined for the layer: equal shapes and layouts.
    public var hasEqualShapes: Bool {
        output.shape == target.shape && output.layout == target.layout
    }
}

/// The style and the perceptual loss of given features; no network is run.
public enum FeatureLosses {
    /// The Gram matrices of every sample of a tensor, each an item that any worker may take.
    /// - Throws: `libraryMissing` when values in double precision need OpenBLAS and it is not there,
    ///   and `cancelled`.
    public static func gramMatrices(
        of tensor: FeatureTensor, kind: GramKind, instructionSet: InstructionSet = .best,
        team: Team
    ) throws(InferenceError) -> [GramMatrix] {
        let kernels = Kernels(instructionSet)
        var results = [Result<GramMatrix, InferenceError>](
            repeating: .failure(.cancelled), count: tensor.samples)
        results.withUnsafeMutableBufferPointer { results in
            team.parallel(tensor.samples) { sample in
                results[sample] = Result { () throws(InferenceError) in
                    try gramMatrix(of: tensor, sample: sample, kind: kind, kernels, team)
                }
            }
        }
        var matrices: [GramMatrix] = []
        for result in results { matrices.append(try result.get()) }
        return matrices
    }

    private static func gramMatrix(
        of tensor: FeatureTensor, sample: Int, kind: GramKind, _ kernels: Kernels, _ team: Team
    ) throws(InferenceError) -> GramMatrix {
        GramMatrix(
            kind: kind,
            upperProducts: try SecondMoments.upperProducts(
                of: tensor, sample: sample, isCentred: kind.isCentred, kernels, team),
            channels: tensor.channels, positions: tensor.positions)
    }

    /// The style distance of two samples: `mean |G_output − G_target|` over C × C.
    static func style(
        _ layer: FeatureLayer, sample: Int, kind: GramKind, _ kernels: Kernels, _ team: Team
    ) throws(InferenceError) -> Double {
        try gramMatrix(of: layer.output, sample: sample, kind: kind, kernels, team)
            .distance(to: gramMatrix(of: layer.target, sample: sample, kind: kind, kernels, team))
    }

    /// The perceptual distance of two samples of equal shapes: `mean |F_output − F_target|` over
    /// C, H and W.
    static func perceptual(_ layer: FeatureLayer, sample: Int, kernels: Kernels) -> Double {
        precondition(layer.hasEqualShapes)
        let range = layer.output.range(of: sample)
        let total =
            switch (layer.output.elements, layer.target.elements) {
            case (.float32(let output), .float32(let target)):
                l1(output, target, range, kernels)
            case (.float64(let output), .float64(let target)): l1(output, target, range)
            case (.float32(let output), .float64(let target)): l1(output, target, range)
            case (.float64(let output), .float32(let target)): l1(output, target, range)
            }
        return total / Double(range.count)
    }

    private static func l1(
        _ a: [Float], _ b: [Float], _ range: Range<Int>, _ kernels: Kernels
    ) -> Double {
        a[range].withUnsafeBufferPointer { a in
            b[range].withUnsafeBufferPointer { b in
                guard let output = a.baseAddress, let target = b.baseAddress else { return 0 }
                return kernels.absoluteDifference(output, target, count: a.count)
            }
        }
    }

    // Eight running sums in double precision: a single one would wait for each addition.
    private static func l1<A: BinaryFloatingPoint, B: BinaryFloatingPoint>(
        _ a: [A], _ b: [B], _ range: Range<Int>
    ) -> Double {
        a[range].withUnsafeBufferPointer { a in
            b[range].withUnsafeBufferPointer { b in
                var lanes = SIMD8<Double>.zero
                let whole = a.count & ~7
                for first in stride(from: 0, to: whole, by: 8) {
                    for lane in 0..<8 {
                        lanes[lane] += abs(Double(a[first + lane]) - Double(b[first + lane]))
                    }
                }
                return (whole..<a.count).reduce(lanes.sum()) {
                    $0 + abs(Double(a[$1]) - Double(b[$1]))
                }
            }
        }
    }
}
