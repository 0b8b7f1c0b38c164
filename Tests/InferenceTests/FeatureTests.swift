import Inference
import TestSupport
import Testing

struct FeatureTests {
    private static let pool = WorkerPool(workers: 2)

    private func tensor(
        _ shape: [Int], _ layout: FeatureLayout, _ values: [Double], isDouble: Bool = true
    ) throws(FeatureError) -> FeatureTensor {
        FeatureTensor(
            try FeatureDimensions(name: "x", sizes: shape, layout: layout),
            isDouble ? .float64(values) : .float32(values.map { Float($0) }))
    }

    private func noise(_ count: Int, seed: Int) -> [Double] {
        TestNetworks.noise(count: count, seed: seed).map { Double($0) / 64 - 2 }
    }

    private static func gramMatrices(
        of tensor: FeatureTensor, kind: GramKind
    ) throws -> [GramMatrix] {
        try pool.runAndWait { try tensor.summaries(Gram(kind).summaryKind, team: $0) }
            .map { GramMatrix(Gram(kind), $0) }
    }

    @Test func `Gram matrices that nobody waits for are not computed`() throws {
        let features = try tensor([2, 4, 3], .matrix, noise(24, seed: 1), isDouble: false)
        #expect(throws: InferenceError.cancelled) {
            try Self.pool.runAndWait { team in
                try features.summaries(.products, team: team.cancelled(when: { true }))
            }
        }
    }

    private func losses(
        _ output: FeatureTensor, _ target: FeatureTensor, gram: GramKind = .normalized
    ) throws -> [PairLosses] {
        try losses(
            [(name: "x", output: output, target: target)],
            Presets.all[0].given(layers: ["x"]).changed(gram: gram))
    }

    private func losses(
        _ layers: [(name: String, output: FeatureTensor, target: FeatureTensor)], _ loss: Loss
    ) throws -> [PairLosses] {
        let evaluator = try FeatureEvaluator(
            loss, layers: layers.map { ($0.name, $0.output.dimensions, $0.target.dimensions) })
        return try Self.pool.runAndWait { team in
            try evaluator.evaluate(layers.map { ($0.output, $0.target) }, team: team)
        }
    }

    private func loss(_ losses: [PairLosses], _ term: String, sample: Int = 0) throws -> Double {
        try #require(losses[sample].terms.first { $0.key == term }).loss
    }

    // The raw Gram matrices that the source article prints.
    @Test(arguments: [true, false])
    func `the raw Gram of 0…23 in a (4, 2, 3) tensor`(isDouble: Bool) throws {
        let matrix = try tensor([4, 2, 3], .matrix, (0..<24).map(Double.init), isDouble: isDouble)
        let grams = try Self.gramMatrices(of: matrix, kind: .raw)
        #expect(
            grams.map(\.values) == [
                [5, 14, 14, 50], [149, 212, 212, 302], [509, 626, 626, 770],
                [1085, 1256, 1256, 1454],
            ])
    }

    @Test(arguments: GramKind.allCases)
    func `a batch's Gram matrices are the products with the transposes`(kind: GramKind) throws {
        let (batch, channels, height, width) = (3, 5, 17, 19)
        let values = noise(batch * channels * height * width, seed: 1)
        let batched = try tensor([batch, channels, height, width], .nchw, values)
        let grams = try Self.gramMatrices(of: batched, kind: kind)
        for (sample, gram) in grams.enumerated() {
            let count = channels * height * width
            let reference = ReferenceLosses.gram(
                ReferenceFeatures(
                    channels: channels, height: height, width: width,
                    values: Array(values[sample * count..<(sample + 1) * count])), kind)
            for (value, expected) in zip(gram.values, reference) {
                #expect(abs(value - expected) <= 1e-12 * max(1, abs(expected)))
            }
        }
    }

    @Test func `layouts say where the channels are, and nothing else`() throws {
        let (channels, height, width) = (3, 4, 5)
        let planar = noise(2 * 60, seed: 2)
        var last = planar
        for n in 0..<2 {
            for c in 0..<channels {
                for p in 0..<height * width {
                    last[n * 60 + p * channels + c] = planar[n * 60 + c * height * width + p]
                }
            }
        }
        let nchw = try tensor([2, channels, height, width], .nchw, planar)
        let nhwc = try tensor([2, height, width, channels], .nhwc, last)
        let matrix = try tensor([2, channels, height * width], .matrix, planar)
        let grams = try Self.gramMatrices(of: nchw, kind: .covariance)
        #expect(try Self.gramMatrices(of: nhwc, kind: .covariance) == grams)
        #expect(try Self.gramMatrices(of: matrix, kind: .covariance) == grams)
        let chw = try tensor([channels, height, width], .chw, Array(planar[..<60]))
        let hwc = try tensor([height, width, channels], .hwc, Array(last[..<60]))
        #expect(try Self.gramMatrices(of: chw, kind: .covariance) == [grams[0]])
        #expect(try Self.gramMatrices(of: hwc, kind: .covariance) == [grams[0]])
    }

    @Test(arguments: GramKind.allCases)
    func `permuting the positions leaves Gram losses unchanged`(kind: GramKind) throws {
        let (channels, positions) = (6, 700)
        let values = noise(channels * positions, seed: 3)
        var permuted = values
        for c in 0..<channels {
            for p in 0..<positions {
                permuted[c * positions + p * 9 % positions] = values[c * positions + p]
            }
        }
        let target = try tensor([1, channels, positions], .matrix, noise(4200, seed: 4))
        let loss = try loss(
            losses(tensor([1, channels, positions], .matrix, values), target, gram: kind), "style")
        let other = try self.loss(
            losses(tensor([1, channels, positions], .matrix, permuted), target, gram: kind), "style"
        )
        #expect(abs(loss / other - 1) < 1e-6)
    }

    @Test func `scaling features by s scales L1 by s and Gram losses by s squared`() throws {
        let (a, b) = (noise(240, seed: 5), noise(240, seed: 6))
        func losses(_ s: Double) throws -> [PairLosses] {
            try self.losses(
                tensor([2, 4, 5, 6], .nchw, a.map { s * $0 }),
                tensor([2, 4, 5, 6], .nchw, b.map { s * $0 }))
        }
        let (one, three) = (try losses(1), try losses(3))
        for sample in 0..<2 {
            let perceptual = try loss(three, "perceptual", sample: sample)
            #expect(abs(perceptual / 3 / (try loss(one, "perceptual", sample: sample)) - 1) < 1e-12)
            let style = try loss(three, "style", sample: sample)
            #expect(abs(style / 9 / (try loss(one, "style", sample: sample)) - 1) < 1e-12)
        }
    }

    @Test func `constant rows correlate with nothing`() throws {
        // 0.1 has no finite binary expansion: a mean by plain summation would miss it.
        var values = noise(3 * 1001, seed: 7)
        for p in 1001..<2002 { values[p] = 0.1 }
        for isDouble in [true, false] {
            let matrix = try tensor([1, 3, 1001], .matrix, values, isDouble: isDouble)
            let gram = try Self.gramMatrices(of: matrix, kind: .correlation)[0].values
            #expect([1, 3, 4, 5, 7].allSatisfy { gram[$0] == 0 })
            #expect(abs(gram[0] - 1) < 1e-15 && abs(gram[8] - 1) < 1e-15)
        }
    }

    @Test func `each sample equals the same sample alone`() throws {
        let (a, b) = (noise(3 * 60, seed: 8), noise(3 * 60, seed: 9))
        let batch = try losses(
            tensor([3, 3, 4, 5], .nchw, a), tensor([3, 3, 4, 5], .nchw, b))
        for sample in 0..<3 {
            let range = sample * 60..<(sample + 1) * 60
            let alone = try losses(
                tensor([3, 4, 5], .chw, Array(a[range])), tensor([3, 4, 5], .chw, Array(b[range])))
            #expect(alone == [batch[sample]])
        }
    }

    @Test func `the total weighs the terms, and equal features give exactly zero`() throws {
        let a = try tensor([1, 3, 20], .matrix, noise(60, seed: 10), isDouble: false)
        let b = try tensor([1, 3, 20], .matrix, noise(60, seed: 11))
        let result = try losses(a, b)
        let sum = 120 * (try loss(result, "style")) + 0.05 * (try loss(result, "perceptual"))
        #expect(abs(result[0].total / sum - 1) < 1e-15)
        #expect(try losses(a, a)[0].total == 0)
    }

    @Test(arguments: [[6], [2, 3], [1, 1, 1, 2, 3], []])
    func `any other rank is refused with the reason`(shape: [Int]) {
        for layout in FeatureLayout.allCases {
            let error = #expect(throws: FeatureError.self) {
                try self.tensor(shape, layout, [Double](repeating: 0, count: 6))
            }
            #expect(error?.description.contains("defined for 3") == true)
        }
    }

    @Test func `a rank that contradicts the layout is refused`() {
        let zeros = [Double](repeating: 0, count: 6)
        #expect(throws: FeatureError.self) { try self.tensor([1, 2, 3], .nchw, zeros) }
        #expect(throws: FeatureError.self) { try self.tensor([1, 1, 2, 3], .chw, zeros) }
        #expect(throws: FeatureError.self) { try self.tensor([0, 2, 3], .chw, []) }
    }

    @Test func `tensors that do not belong together are refused`() throws {
        let a = try tensor([1, 2, 3], .matrix, noise(6, seed: 1))
        let moreSamples = try tensor([2, 2, 3], .matrix, noise(12, seed: 1))
        let moreChannels = try tensor([1, 3, 3], .matrix, noise(9, seed: 1))
        #expect(throws: FeatureError.self) { try losses(a, moreSamples) }
        #expect(throws: FeatureError.self) { try losses(a, moreChannels) }
    }

    @Test func `other sizes are for Gram losses alone`() throws {
        let output = try tensor([1, 2, 3], .matrix, noise(6, seed: 1))
        let target = try tensor([1, 2, 5], .matrix, noise(10, seed: 2))
        #expect(throws: FeatureError.self) { try losses(output, target) }
        let style = Presets.all[0].given(layers: ["x"]).changed(perceptual: [])
        let result = try losses([(name: "x", output: output, target: target)], style)
        #expect(result[0].terms.map(\.key) == ["style"])
    }

    @Test func `named layers alone enter a term, with their weights`() throws {
        let (a, b) = (noise(6, seed: 1), noise(6, seed: 2))
        let layers = try ["p", "q"].map {
            (
                name: $0, output: try tensor([1, 2, 3], .matrix, a),
                target: try tensor([1, 2, 3], .matrix, b)
            )
        }
        let loss = Presets.all[0].given(layers: ["p", "q"])
            .changed(style: [LayerWeight("q", weight: 0.5)], gram: .raw)
        let result = try losses(layers, loss)
        #expect(result[0].terms.map { $0.layers?.map(\.name) } == [["p", "q"], ["q"]])
        let (perceptual, style) = (result[0].terms[0], result[0].terms[1])
        #expect(style.loss == 0.5 * (style.layers?[0].loss ?? .nan))
        #expect(result[0].total == 0.05 * perceptual.loss + 120 * style.loss)
        let unknown = FeatureError.unknownLayer(
            "there are no features of layer r; name a layer that is sent")
        #expect(throws: unknown) {
            try losses(layers, loss.changed(style: [LayerWeight("r")]))
        }
    }

    @Test func `a layer that the loss names is where the loss has it`() throws {
        let given = Presets.all[0].given(layers: ["pool2", "mine"])
        #expect(given.terms.map(\.key) == ["perceptual", "style"])
        #expect(given.layers == ["pool2", "mine"])
    }

    /// A body of 8 KB can ask for matrices of any order: their bytes are those of the work.
    @Test(arguments: [(Statistic.gaussian(eps: 1e-3, steps: 12), 9), (.gram(Gram(.none)), 3)])
    func `an estimate has the square matrices of the channels`(
        statistic: Statistic, matrices: Int
    ) throws {
        let loss = Loss(
            name: "x", summary: "", citation: "",
            terms: [
                Term(
                    "x", weight: 1,
                    .features(FeatureMeasure([LayerWeight("x")], statistic, .squared)))
            ])
        let few = try dimensions(channels: 64), many = try dimensions(channels: 1024)
        let estimates = try [few, many].map {
            try FeatureEvaluator(loss, layers: [("x", $0, $0)]).estimateBytes(workers: 2)
        }
        let square = matrices * MemoryLayout<Double>.stride * 1024 * 1024
        #expect(estimates[1] > square && estimates[1] < 3 * square + estimates[0])
    }

    private func dimensions(channels: Int) throws -> FeatureDimensions {
        try FeatureDimensions(name: "x", sizes: [channels, 1, 1], layout: .chw)
    }

    @Test func `a sum that overflows is an error, not infinity`() throws {
        let huge = try tensor([1, 1, 2], .matrix, [1e200, 1e200])
        let zero = try tensor([1, 1, 2], .matrix, [0, 0])
        #expect {
            try losses(huge, zero)
        } throws: { error in
            if case .nonFiniteResult = error as? InferenceError { true } else { false }
        }
    }
}
