import Inference
import TestSupport
import Testing

/// A pool that is a step of its own, at even and odd sides, all rows at once or one after another.
struct PoolStepTests {
    private static let workers = WorkerPool(workers: 2)
    private static let sizes = [(1, 1), (1, 4), (2, 2), (3, 2), (5, 4), (7, 9), (8, 3)]
    private static let poolings: [NetworkVariant.Pooling] = [
        .max, .average(scale: 1), .average(scale: 0.5), .l2(scale: 1), .l2(scale: 0.78), .l2Hann,
    ]

    private func run(
        _ images: [ReferenceFeatures], _ variant: NetworkVariant, _ set: InstructionSet,
        height: Int, width: Int, rowsPerRun: Int
    ) -> [[Double]] {
        let input = RowRing.kept(
            height: images[0].height, width: images[0].width, channels: images[0].channels,
            images: images.count)
        for (image, features) in images.enumerated() {
            for y in 0..<features.height { input.write(features, row: y, image: image) }
        }
        let output = RowRing.kept(
            height: height, width: width, channels: images[0].channels, images: images.count)
        let step = PoolStep(
            pooling: variant.pooling, kernels: Kernels(set), input: input, output: output)
        Self.workers.runAndWait { team in
            for first in stride(from: 0, to: height, by: rowsPerRun) {
                step.run(
                    rows: first..<min(first + rowsPerRun, height), images: images.count, team: team)
            }
        }
        return images.indices.map { output.values(image: $0) }
    }

    @Test(arguments: sizes, NetworkVariant.Rounding.allCases)
    func `every pooling with every rounding`(
        size: (height: Int, width: Int), rounding: NetworkVariant.Rounding
    ) {
        let images = (1...2).map {
            ReferenceFeatures.noise(
                channels: 128, height: size.height, width: size.width, seed: $0)
        }
        for pooling in Self.poolings {
            let variant = NetworkVariant(.vgg16, pooling: pooling, rounding: rounding)
            let expected = images.map { ReferencePools.pool($0, variant) }
            let (height, width) = (expected[0].height, expected[0].width)
            guard height > 0, width > 0 else { continue }
            for set in KernelInputs.sets {
                let whole = run(
                    images, variant, set, height: height, width: width, rowsPerRun: height)
                for (values, expected) in zip(whole, expected) {
                    #expect(
                        Closeness(values, to: expected.values).relative < 1e-6,
                        "\(pooling) \(rounding) \(set)")
                }
                let single = run(
                    images, variant, set, height: height, width: width, rowsPerRun: 1)
                #expect(single == whole, "\(pooling) \(rounding) \(set)")
            }
        }
    }

    // The ring holds the rows of the windows at hand and no others.
    @Test(arguments: poolings)
    func `rows come and go under it`(pooling: NetworkVariant.Pooling) {
        let variant = NetworkVariant(.vgg16, pooling: pooling, rounding: .ceil)
        let features = ReferenceFeatures.noise(channels: 64, height: 11, width: 5, seed: 4)
        let expected = ReferencePools.pool(features, variant)
        let input = RowRing.kept(height: 11, width: 5, channels: 64, slots: 3)
        let output = RowRing.kept(height: expected.height, width: expected.width, channels: 64)
        let step = PoolStep(
            pooling: pooling, kernels: Kernels(.best), input: input, output: output)
        Self.workers.runAndWait { team in
            for y in 0..<expected.height {
                for row in 2 * y..<min(2 * y + 2, features.height) {
                    input.write(features, row: row)
                }
                step.run(rows: y..<y + 1, images: 1, team: team)
            }
        }
        #expect(Closeness(output.values(), to: expected.values).relative < 1e-6)
    }
}
