import Inference
import TestSupport
import Testing

/// Means, variances and covariance of two images' channels against direct sums.
struct JointMomentObserverTests {
    private static let shapes = [
        FeatureShape(channels: 1, height: 1, width: 1),
        FeatureShape(channels: 66, height: 7, width: 13),
        FeatureShape(channels: 64, height: 9, width: 130),
    ]

    private func moments<Element: FeatureElement>(
        _ a: PackedFeatures<Element>, _ b: PackedFeatures<Element>, unitsPerGroup: Int = 1,
        _ set: InstructionSet
    ) -> JointMoments {
        let observer = JointMomentObserver<Element>(
            a.shape, columns: 0..<a.shape.width, kernels: Kernels(set),
            arena: .kept(
                floats: JointMomentObserver<Element>.arenaCount(channels: a.shape.channels)))
        a.show(observer, beside: b, unitsPerGroup: unitsPerGroup)
        return observer.moments()
    }

    private func check<Element: FeatureElement>(
        _: Element.Type, _ set: InstructionSet, _ shape: FeatureShape, mean: Double,
        tolerance: Double
    ) {
        let a = PackedFeatures<Element>(shape, seed: 1, mean: mean)
        let b = PackedFeatures<Element>(shape, seed: 2, mean: -mean)
        let found = moments(a, b, set)
        let count = Double(shape.positions)
        #expect(found.positions == count)
        let means = [a, b].map { $0.channels.map { $0.reduce(0, +) / count } }
        func products(_ x: Int, _ y: Int) -> [Double] {
            let images = [a, b]
            return (0..<shape.channels).map { c in
                zip(images[x].channels[c], images[y].channels[c]).reduce(0) {
                    $0 + ($1.0 - means[x][c]) * ($1.1 - means[y][c])
                } / count
            }
        }
        for (values, expected) in [
            (found.means, means[0]), (found.targetMeans, means[1]),
            (found.variances, products(0, 0)), (found.targetVariances, products(1, 1)),
            (found.covariances, products(0, 1)),
        ] {
            #expect(Closeness(values, to: expected).relative <= tolerance)
        }
        // Groups of rows are memory's business alone.
        let grouped = moments(a, b, unitsPerGroup: 9, set)
        #expect(grouped.covariances == found.covariances && grouped.means == found.means)
    }

    @Test(arguments: KernelInputs.sets, shapes)
    func `sums are those of both images, far from 0 too`(
        set: InstructionSet, shape: FeatureShape
    ) {
        for mean in [0.0, 1000] {
            check(Float.self, set, shape, mean: mean, tolerance: 1e-9)
            check(Double.self, set, shape, mean: mean, tolerance: 1e-9)
        }
    }

    @Test(arguments: KernelInputs.sets)
    func `of an image and itself covariances are variances`(set: InstructionSet) {
        let a = PackedFeatures<Float>(Self.shapes[1], seed: 3)
        let found = moments(a, a, set)
        #expect(found.covariances == found.variances && found.means == found.targetMeans)
        #expect(found.variances == found.targetVariances)
    }
}
