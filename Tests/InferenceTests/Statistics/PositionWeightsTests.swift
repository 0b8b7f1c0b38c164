import Inference
import TestSupport
import Testing

/// Masks as large as a layer: bilinear with half-pixel centres, in numbers that a hand can check.
struct PositionWeightsTests {
    private func mask(_ rows: [[UInt8]]) throws -> Mask {
        let image = Image(
            width: rows[0].count, height: rows.count, channels: 1, uint8: rows.flatMap(\.self))
        return try #require(Mask(image, polarity: .valid))
    }

    private func weights(
        _ mask: Mask, _ region: PixelRegion = .valid, by divisor: PositionWeighting.Divisor = .one,
        height: Int, width: Int
    ) throws -> [[Float]] {
        let weights = try PositionWeights(
            mask, PositionWeighting(region, divisor), height: height, width: width)
        let rows = (0..<height).map { y in (0..<width).map { weights.row(y)[$0] } }
        let sum = rows.joined().reduce(0) { $0 + Double($1) }
        #expect(abs(weights.total - sum) <= 1e-6 * sum)
        return rows
    }

    @Test func `of its own size it is the mask`() throws {
        let mask = try mask([[0, 51, 255], [255, 102, 0]])
        #expect(try weights(mask, height: 2, width: 3) == [[0, 0.2, 1], [1, 0.4, 0]])
        #expect(try weights(mask, .hole, height: 2, width: 3) == [[1, 0.8, 0], [0, 0.6, 1]])
    }

    // Halved, each place is between two pixels; of five in two, at 0.75 and 3.25.
    @Test func `a place is the mean of its neighbours by their distance`() throws {
        let row = try mask([[0, 255, 255, 0]])
        #expect(try weights(row, height: 1, width: 2) == [[0.5, 0.5]])
        let five = try mask([[0, 255, 0, 0, 255]])
        #expect(try weights(five, height: 1, width: 2) == [[0.75, 0.25]])
        let column = try mask([[0], [255], [255], [0]])
        #expect(try weights(column, height: 2, width: 1) == [[0.5], [0.5]])
    }

    // A quarter: the middle two of four, and what lies around them counts nothing.
    @Test func `nothing is smoothed before`() throws {
        let mask = try mask(
            (0..<4).map { y in
                (0..<4).map { x in (1...2).contains(x) && (1...2).contains(y) ? 255 : 0 }
            })
        #expect(try weights(mask, height: 1, width: 1) == [[1]])
    }

    @Test func `three channels count by their mean`() throws {
        let image = Image(width: 1, height: 1, channels: 3, uint8: [0, 255, 255])
        let mask = try #require(Mask(image, polarity: .hole))
        let value = try weights(mask, height: 1, width: 1)[0][0]
        #expect(abs(value - 1.0 / 3) < 1e-7)
    }

    @Test func `divided, their mean or that of their squares is 1, and of nothing they are 0`()
        throws
    {
        let mask = try mask([[0, 51, 255], [255, 102, 0]])
        let mean = (0.2 + 1 + 1 + 0.4) / 6, square = (0.04 + 1 + 1 + 0.16) / 6
        let divisors: [(PositionWeighting.Divisor, Double)] = [
            (.one, 1), (.mean, mean), (.rootMeanSquare, square.squareRoot()),
        ]
        for (divisor, value) in divisors {
            let weights = try weights(mask, by: divisor, height: 2, width: 3).joined()
            for (weight, expected) in zip(weights, [0, 0.2, 1, 1, 0.4, 0]) {
                #expect(abs(Double(weight) - expected / value) < 1e-6)
            }
        }
        let empty = try self.mask([[0, 0]])
        #expect(try weights(empty, by: .mean, height: 1, width: 2) == [[0, 0]])
    }

    // Σ w² F Fᵀ and Σ w f(d), of rows that come in groups.
    @Test(arguments: KernelInputs.sets)
    func `observers of weighted positions`(set: InstructionSet) throws {
        let shape = FeatureShape(channels: 128, height: 7, width: 9)
        let noise = TestNetworks.noise(count: shape.positions, seed: 9)
        let mask = try #require(
            Mask(
                Image(width: shape.width, height: shape.height, channels: 1, uint8: noise),
                polarity: .valid))
        let arena = Arena.kept(
            floats: GramObserver<Float>.arenaCount(channels: 128, segments: 2, isCentred: false))
        let weights = try PositionWeights(
            mask, PositionWeighting(.valid), height: shape.height, width: shape.width)
        let w = noise.map { Double(Float(Double($0) / 255)) }
        let a = PackedFeatures<Float>(shape, seed: 1), b = PackedFeatures<Float>(shape, seed: 2)
        let observer = GramObserver<Float>(
            channels: 128, segments: shape.segments(2), isCentred: false, weights: weights,
            kernels: Kernels(set), arena: arena)
        a.show(observer, unitsPerGroup: 2)
        let products = [Double](unsafeUninitializedCapacity: 128 * 129 / 2) {
            if let base = $0.baseAddress { observer.total().copyUpperProducts(to: base) }
            $1 = 128 * 129 / 2
        }
        var expected: [Double] = []
        for i in 0..<128 {
            for j in i..<128 {
                var sum = 0.0
                for p in w.indices { sum += w[p] * w[p] * a.channels[i][p] * a.channels[j][p] }
                expected.append(sum)
            }
        }
        #expect(Closeness(products, to: expected).relative < 1e-6)
        for unit in [nil, ChannelUnit(eps: 0.1, isInsideRoot: true)] {
            let rule = PairRule(.squared, unit: unit, weighting: PositionWeighting(.valid))
            let pairs = PairObserver<Float>(
                rule, channels: 128, segments: shape.segments(2), weights: weights,
                kernels: Kernels(set))
            a.show(pairs, beside: b)
            let sum = w.indices.reduce(0.0) { sum, p in
                func factor(_ features: PackedFeatures<Float>) -> Double {
                    guard let unit else { return 1 }
                    return unit.factor(squares: features.channels.reduce(0) { $0 + $1[p] * $1[p] })
                }
                let (fa, fb) = (factor(a), factor(b))
                let squares = zip(a.channels, b.channels).reduce(0.0) {
                    let d = $1.0[p] * fa - $1.1[p] * fb
                    return $0 + d * d
                }
                return sum + w[p] * squares
            }
            #expect(abs(pairs.total(of: shape) / sum - 1) < 1e-12)
        }
    }
}
