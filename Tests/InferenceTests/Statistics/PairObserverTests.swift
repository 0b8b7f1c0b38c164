import Inference
import TestSupport
import Testing

/// Sums over two images, and what is kept of one, against direct loops.
struct PairObserverTests {
    private static let shapes = [
        FeatureShape(channels: 1, height: 1, width: 1),
        FeatureShape(channels: 66, height: 7, width: 13),
        FeatureShape(channels: 64, height: 9, width: 130),
    ]
    private static let rules: [Pointwise] = [
        .absolute, .squared, .smoothL1(beta: 0.5), .charbonnier(eps: 0.01),
    ]

    private func sum<Element: FeatureElement>(
        _ rule: PairRule, _ a: PackedFeatures<Element>, _ b: PackedFeatures<Element>,
        segments: Int = 1, unitsPerGroup: Int = 1, _ set: InstructionSet
    ) -> Double {
        let observer = PairObserver<Element>(
            rule, channels: a.shape.channels, segments: a.shape.segments(segments),
            kernels: Kernels(set))
        a.show(observer, beside: b, unitsPerGroup: unitsPerGroup)
        return observer.total(of: a.shape)
    }

    @Test(arguments: KernelInputs.sets, shapes)
    func `every rule over every pair of features`(set: InstructionSet, shape: FeatureShape) {
        func check<Element: FeatureElement>(_: Element.Type) {
            let a = PackedFeatures<Element>(shape, seed: 1)
            let b = PackedFeatures<Element>(shape, seed: 2)
            for rule in Self.rules {
                let expected = zip(a.channels.flatMap(\.self), b.channels.flatMap(\.self))
                    .reduce(0.0) { $0 + rule($1.0 - $1.1) }
                for segments in [1, min(2, shape.width)] {
                    let value = sum(PairRule(rule), a, b, segments: segments, set)
                    #expect(abs(value / expected - 1) < 1e-12, "\(rule)")
                    let grouped = sum(
                        PairRule(rule), a, b, segments: segments, unitsPerGroup: 9, set)
                    #expect(abs(grouped / value - 1) < 1e-14)
                }
                // Charbonnier's is √ε a feature, of those there are.
                let nothing = rule(0) * Double(shape.count)
                #expect(abs(sum(PairRule(rule), a, a, set) - nothing) <= 1e-12 * nothing)
            }
        }
        check(Float.self)
        check(Double.self)
    }

    @Test(arguments: KernelInputs.sets, shapes)
    func `features of unit length`(set: InstructionSet, shape: FeatureShape) {
        for isInside in [false, true] { checkUnit(set, shape, isInside: isInside) }
    }

    private func checkUnit(_ set: InstructionSet, _ shape: FeatureShape, isInside: Bool) {
        let unit = ChannelUnit(eps: 0.1, isInsideRoot: isInside)
        let a = PackedFeatures<Float>(shape, seed: 1), b = PackedFeatures<Float>(shape, seed: 2)
        func scaled(_ features: PackedFeatures<Float>) -> [[Double]] {
            let factors = (0..<shape.positions).map { p in
                let squares = features.channels.reduce(0) { $0 + $1[p] * $1[p] }
                return isInside
                    ? 1 / (squares + 0.1).squareRoot() : 1 / (squares.squareRoot() + 0.1)
            }
            return features.channels.map { zip($0, factors).map { $0 * $1 } }
        }
        let pairs = zip(scaled(a).flatMap(\.self), scaled(b).flatMap(\.self))
        for rule in [Pointwise.absolute, .squared] {
            let expected = pairs.reduce(0.0) { $0 + rule($1.0 - $1.1) }
            let value = sum(PairRule(rule, unit: unit), a, b, set)
            #expect(abs(value / expected - 1) < 1e-12)
        }
    }

    @Test(arguments: shapes)
    func `a map keeps the features`(shape: FeatureShape) throws {
        // Kept features have whole blocks.
        let shape = FeatureShape(channels: 64, height: shape.height, width: shape.width)
        let features = PackedFeatures<Double>(shape, seed: 3)
        let map = try FeatureMap(channels: shape.channels, height: shape.height, width: shape.width)
        let observer = MapObserver<Double>(map, segments: shape.segments(min(2, shape.width)))
        features.show(observer, unitsPerGroup: 2)
        var values = [Float](repeating: 0, count: shape.count)
        values.withUnsafeMutableBufferPointer { observer.map.copyCHW(into: $0) {} }
        #expect(values.map(Double.init) == features.channels.flatMap(\.self))
    }
}
