import Inference
import TestSupport
import Testing

struct MomentObserverTests {
    private static let shapes = [
        FeatureShape(channels: 1, height: 1, width: 1),
        FeatureShape(channels: 67, height: 13, width: 19),
        FeatureShape(channels: 128, height: 5, width: 300),
    ]

    private func moments<Element: FeatureElement>(
        _ features: PackedFeatures<Element>, unitsPerGroup: Int = 1, _ set: InstructionSet
    ) -> (means: [Double], squares: [Double]) {
        let observer = MomentObserver<Element>(
            channels: features.shape.channels, columns: 0..<features.shape.width,
            kernels: Kernels(set),
            arena: Arena.kept(
                floats: MomentObserver<Element>.arenaCount(channels: features.shape.channels)))
        features.show(observer, unitsPerGroup: unitsPerGroup)
        return observer.moments()
    }

    // A mean of 10⁶ and deviations of about 1: a sum of squares would have no digit left in FP32.
    @Test(arguments: KernelInputs.sets, shapes)
    func `means and squared deviations of every channel`(
        set: InstructionSet, shape: FeatureShape
    ) {
        func check<Element: FeatureElement>(_: Element.Type, mean: Double) {
            // What the element holds is what is summed.
            let features = PackedFeatures<Element>(
                shape,
                channels: PackedFeatures<Element>(shape, seed: 1).channels.map { row in
                    row.map { Double(Element($0 + mean)) }
                })
            let (means, squares) = moments(features, set)
            for (channel, row) in features.channels.enumerated() {
                let expected = row.reduce(0, +) / Double(row.count)
                #expect(abs(means[channel] - expected) < 1e-12 * max(1, mean))
                let deviations = row.reduce(0) { $0 + ($1 - expected) * ($1 - expected) }
                #expect(abs(squares[channel] - deviations) <= 1e-8 * deviations)
            }
        }
        for mean in [0, 1e6] {
            check(Float.self, mean: mean)
            check(Double.self, mean: mean)
        }
    }

    @Test(arguments: KernelInputs.sets)
    func `a constant channel does not vary, and groups of rows change no bit`(
        set: InstructionSet
    ) {
        let shape = FeatureShape(channels: 2, height: 11, width: 9)
        let features = PackedFeatures<Float>(
            shape,
            channels: [
                Array(repeating: 0.1, count: shape.positions),
                KernelInputs.doubles(shape.positions, 2),
            ])
        let one = moments(features, set)
        #expect(one.squares[0] == 0 && one.means[0] == Double(Float(0.1)))
        for unitsPerGroup in [2, 50] {
            let other = moments(features, unitsPerGroup: unitsPerGroup, set)
            #expect(other.means == one.means && other.squares == one.squares)
        }
    }
}
