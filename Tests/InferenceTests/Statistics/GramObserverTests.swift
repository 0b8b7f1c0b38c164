import Inference
import TestSupport
import Testing

/// Sums of products, plain, centred and of a change, against direct loops: channels that do not fill
/// a block, columns in segments, runs of several rows and of less than one.
struct GramObserverTests {
    private static let shapes = [
        FeatureShape(channels: 3, height: 1, width: 1),
        FeatureShape(channels: 64, height: 5, width: 3),
        FeatureShape(channels: 70, height: 7, width: 11),
        FeatureShape(channels: 130, height: 5, width: 37),
        // Longer than a run.
        FeatureShape(channels: 17, height: 2, width: 1100),
    ]

    private func sums<Element: FeatureElement>(
        _ features: PackedFeatures<Element>, beside target: PackedFeatures<Element>? = nil,
        isCentred: Bool = false, segments: Int = 1, unitsPerGroup: Int = 1, _ set: InstructionSet
    ) -> (products: [Double], means: [Double]) {
        let shape = features.shape
        let arena = Arena.kept(
            floats: GramObserver<Element>.arenaCount(
                channels: shape.channels, segments: segments, isCentred: isCentred,
                isChange: target != nil))
        let observer = GramObserver<Element>(
            channels: shape.channels, segments: shape.segments(segments), isCentred: isCentred,
            isChange: target != nil, kernels: Kernels(set), arena: arena)
        features.show(observer, beside: target, unitsPerGroup: unitsPerGroup)
        let total = observer.total()
        let count = shape.channels * (shape.channels + 1) / 2
        let products = [Double](unsafeUninitializedCapacity: count) { values, initialized in
            if let base = values.baseAddress { total.copyUpperProducts(to: base) }
            initialized = count
        }
        return (products, isCentred ? total.means() : [])
    }

    private func mean(_ row: [Double]) -> Double { row.reduce(0, +) / Double(row.count) }

    private func upper(_ rows: [[Double]], isCentred: Bool = false) -> [Double] {
        let rows = rows.map { row -> [Double] in
            let mean = isCentred ? self.mean(row) : 0
            return row.map { $0 - mean }
        }
        var products: [Double] = []
        for i in rows.indices {
            for j in i..<rows.count {
                let (a, b) = (rows[i], rows[j])
                var sum = 0.0
                for p in a.indices { sum += a[p] * b[p] }
                products.append(sum)
            }
        }
        return products
    }

    @Test(arguments: KernelInputs.sets, shapes)
    func `products of all pairs of channels`(set: InstructionSet, shape: FeatureShape) {
        let single = PackedFeatures<Float>(shape, seed: 1)
        let double = PackedFeatures<Double>(shape, seed: 1)
        let expected = upper(single.channels)
        for segments in [1, min(3, shape.width)] {
            #expect(
                Closeness(sums(single, segments: segments, set).products, to: expected).relative
                    < 1e-6)
            #expect(
                Closeness(sums(double, segments: segments, set).products, to: expected).relative
                    < 1e-13)
        }
    }

    // A mean a hundred times the deviations: products about the mean keep their digits.
    @Test(arguments: KernelInputs.sets, shapes)
    func `centred products and means`(set: InstructionSet, shape: FeatureShape) {
        func check<Element: FeatureElement>(
            _: Element.Type, _ tolerance: Double, mean: Double
        ) {
            let features = PackedFeatures<Element>(shape, seed: 2, mean: mean)
            let (products, means) = sums(features, isCentred: true, set)
            let expected = upper(features.channels, isCentred: true)
            let scale = max(1, expected.reduce(0) { max($0, abs($1)) })
            for (value, expected) in zip(products, expected) {
                #expect(abs(value - expected) < tolerance * scale)
            }
            for (value, row) in zip(means, features.channels) {
                #expect(abs(value - self.mean(row)) < 1e-12 * max(1, mean))
            }
        }
        for mean in [0, 100.0] {
            check(Float.self, 2e-6, mean: mean)
            check(Double.self, 1e-12, mean: mean)
        }
    }

    @Test(arguments: KernelInputs.sets)
    func `a constant channel has no product about its mean`(set: InstructionSet) {
        let shape = FeatureShape(channels: 2, height: 9, width: 77)
        // 0.1 has no finite binary expansion.
        let features = PackedFeatures<Float>(
            shape,
            channels: [
                Array(repeating: 0.1, count: shape.positions),
                KernelInputs.doubles(shape.positions, 3),
            ])
        let products = sums(features, isCentred: true, set).products
        #expect(products[0] == 0 && products[1] == 0 && products[2] > 0)
    }

    // (t + d)(t + d)ᵀ − t tᵀ with d a millionth of t: the direct loops lose ten digits, and are given
    // the difference in exact parts.
    @Test(arguments: KernelInputs.sets, shapes)
    func `the change of products`(set: InstructionSet, shape: FeatureShape) {
        for isCentred in [false, true] { checkChange(set, shape, isCentred: isCentred) }
    }

    private func checkChange(_ set: InstructionSet, _ shape: FeatureShape, isCentred: Bool) {
        let target = PackedFeatures<Float>(shape, seed: 4)
        let difference = PackedFeatures<Float>(
            shape,
            channels: PackedFeatures<Float>(shape, seed: 5).channels.map { row in
                row.map { $0 / 1_048_576 }
            })
        let products = sums(difference, beside: target, isCentred: isCentred, set).products
        func centred(_ row: [Double]) -> [Double] {
            let mean = self.mean(row)
            return isCentred ? row.map { $0 - mean } : row
        }
        let t = target.channels.map(centred), d = difference.channels.map(centred)
        var expected: [Double] = []
        for i in t.indices {
            for j in i..<t.count {
                let (ti, tj, di, dj) = (t[i], t[j], d[i], d[j])
                var sum = 0.0
                for p in ti.indices { sum += ti[p] * dj[p] + di[p] * tj[p] + di[p] * dj[p] }
                expected.append(sum)
            }
        }
        let scale = max(1e-9, expected.reduce(0) { max($0, abs($1)) })
        for (value, expected) in zip(products, expected) {
            #expect(abs(value - expected) < 3e-6 * scale)
        }
    }

    @Test(arguments: KernelInputs.sets, [false, true])
    func `how many rows come at a time changes no bit`(set: InstructionSet, isCentred: Bool) {
        let features = PackedFeatures<Float>(
            FeatureShape(channels: 70, height: 19, width: 41), seed: 6)
        let one = sums(features, isCentred: isCentred, set)
        for unitsPerGroup in [2, 3, 100] {
            let other = sums(features, isCentred: isCentred, unitsPerGroup: unitsPerGroup, set)
            #expect(other.products == one.products && other.means == one.means)
        }
    }
}
