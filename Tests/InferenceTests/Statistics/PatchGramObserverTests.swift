import Inference
import TestSupport
import Testing

/// Products of patches against direct loops: sides that divide neither the image nor a unit of rows.
struct PatchGramObserverTests {
    private static let cases: [(shape: FeatureShape, side: Int)] = [
        (FeatureShape(channels: 5, height: 16, width: 16), 16),
        (FeatureShape(channels: 66, height: 17, width: 23), 8),
        (FeatureShape(channels: 4, height: 21, width: 10), 3),
        (FeatureShape(channels: 3, height: 7, width: 9), 1),
        (FeatureShape(channels: 3, height: 5, width: 40), 6),
    ]

    @Test(arguments: KernelInputs.sets, cases)
    func `every whole patch has its products, and the rest belongs to none`(
        set: InstructionSet, example: (shape: FeatureShape, side: Int)
    ) {
        let (shape, side) = example
        let features = PackedFeatures<Float>(shape, seed: 1)
        for unitsPerGroup in [1, 3] {
            let arena = Arena.kept(
                floats: PatchGramObserver<Float>.arenaCount(shape, side: side) + 16)
            let observer = PatchGramObserver<Float>(
                shape, side: side, kernels: Kernels(set), arena: arena)
            features.show(observer, unitsPerGroup: unitsPerGroup)
            #expect(observer.patches.count == (shape.height / side) * (shape.width / side))
            for (number, patch) in observer.patches.enumerated() {
                let (row, column) = number.quotientAndRemainder(dividingBy: shape.width / side)
                let places = (0..<side * side).map {
                    (row * side + $0 / side) * shape.width + column * side + $0 % side
                }
                let expected = (0..<shape.channels).flatMap { i in
                    (i..<shape.channels).map { j in
                        places.reduce(0.0) {
                            $0 + features.channels[i][$1] * features.channels[j][$1]
                        }
                    }
                }
                let values = [Double](unsafeUninitializedCapacity: expected.count) {
                    if let base = $0.baseAddress { patch.copyUpperProducts(to: base) }
                    $1 = expected.count
                }
                #expect(Closeness(values, to: expected).relative < 1e-6)
            }
        }
    }
}
