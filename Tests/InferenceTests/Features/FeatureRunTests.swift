import Inference
import TestSupport
import Testing

/// Given features of every layout, packed as the kernels read them.
struct FeatureRunTests {
    // Two blocks, the second not filled; more positions than are packed in one go.
    private static let (channels, height, width) = (70, 11, 13)

    private func sizes(_ layout: FeatureLayout) -> [Int] {
        let (c, h, w) = (Self.channels, Self.height, Self.width)
        return switch layout {
        case .nchw: [2, c, h, w]
        case .nhwc: [2, h, w, c]
        case .chw: [c, h, w]
        case .hwc: [h, w, c]
        case .matrix: [2, c, h * w]
        }
    }

    // The place of a feature in a tensor, dimension by dimension.
    private func place(_ layout: FeatureLayout, _ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
        let (channels, height, width) = (Self.channels, Self.height, Self.width)
        return switch layout {
        case .nchw, .matrix: ((n * channels + c) * height + y) * width + x
        case .nhwc: ((n * height + y) * width + x) * channels + c
        case .chw: (c * height + y) * width + x
        case .hwc: (y * width + x) * channels + c
        }
    }

    private func check<Element: FeatureElement>(
        _: Element.Type, _ layout: FeatureLayout, _ elements: FeatureTensor.Elements,
        _ values: [Double]
    ) throws {
        let sizes = sizes(layout)
        let dimensions = try FeatureDimensions(name: "f", sizes: sizes, layout: layout)
        let tensor = FeatureTensor(dimensions, elements)
        #expect(dimensions.samples == (sizes.count == 4 || layout == .matrix ? 2 : 1))
        let shape = dimensions.shape
        #expect(shape.channels == Self.channels && shape.positions == Self.height * Self.width)
        let count = FeatureRun<Element>.count(shape, images: 2, width: 143)
        let run = FeatureRun<Element>(
            shape, images: 2, width: 143, arena: .kept(floats: Arena.rounded(2 * count)))
        for sample in 0..<dimensions.samples {
            for positions in [0..<143, 100..<143, 7..<8] {
                run.pack(tensor, sample: sample, positions, image: 1)
                let rows = run.rows(ofImage: 1)
                for c in 0..<128 {
                    let row = rows.pixels(0, block: c / 64)
                    for (p, position) in positions.enumerated() {
                        let (y, x) = position.quotientAndRemainder(dividingBy: Self.width)
                        let expected =
                            c < Self.channels ? values[place(layout, sample, c, y, x)] : 0
                        guard Double(row[p * 64 + c % 64]) == expected else {
                            Issue.record("\(layout) sample \(sample) channel \(c) at \(position)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: FeatureLayout.allCases)
    func `every value goes to its channel and position`(layout: FeatureLayout) throws {
        let count = sizes(layout).reduce(1, *)
        // Exact in single precision, whichever the tensor's and the kernels' is.
        let values = (0..<count).map { Double($0 % 9973) - 4000 }
        let elements = [
            FeatureTensor.Elements.float32(values.map { Float($0) }), .float64(values),
        ]
        for elements in elements {
            try check(Float.self, layout, elements, values)
            try check(Double.self, layout, elements, values)
        }
    }
}
