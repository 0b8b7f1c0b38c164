import Inference
import TestSupport
import Testing

/// The transpose of a border, against that of its index map.
struct BorderFoldTests {
    private static let sizes = [(2, 2), (2, 5), (3, 3), (4, 7), (6, 2)]

    @Test(arguments: sizes, [Border.replicate, .reflect])
    func `what stood outside is added to the pixel that it came from`(
        size: (height: Int, width: Int), border: Border
    ) {
        let padded = ReferenceFeatures.noise(
            channels: 128, height: size.height + 2, width: size.width + 2, seed: 1)
        let padding: ReferencePadding = border == .replicate ? .replicate : .reflect
        let fold = BorderFold(border: border, height: size.height, width: size.width)
        for set in KernelInputs.sets {
            let input = RowRing.kept(
                height: padded.height, width: padded.width, channels: padded.channels, images: 2)
            for y in 0..<padded.height { input.write(padded, row: y, image: 1) }
            let output = RowRing.kept(
                height: size.height, width: size.width, channels: padded.channels, images: 2)
            for y in 0..<size.height {
                fold.run(row: y, image: 1, from: input, to: output, kernels: Kernels(set))
            }
            // Sums of at most nine multiples of 1/64.
            #expect(output.values(image: 1) == padding.fold(padded).values)
        }
    }

    @Test func `zeros have no gradient`() {
        let features = ReferenceFeatures.noise(channels: 64, height: 3, width: 4, seed: 1)
        let fold = BorderFold(border: .zero, height: 3, width: 4)
        let input = RowRing.kept(height: 3, width: 4, channels: 64)
        let output = RowRing.kept(height: 3, width: 4, channels: 64)
        for y in 0..<3 {
            input.write(features, row: y)
            fold.run(row: y, image: 0, from: input, to: output, kernels: Kernels(.best))
        }
        #expect(output.values() == features.values)
    }

    @Test(arguments: [Border.zero, .replicate, .reflect], Array(2...7))
    func `a row is done when the last row that it is the sum of is there`(
        border: Border, height: Int
    ) {
        let fold = BorderFold(border: border, height: height, width: 3)
        let padded = border == .zero ? height : height + 2
        var sources: [Int] = []
        for y in 0..<height { sources += fold.rows(y) }
        // Every padded row goes somewhere, and to one place.
        #expect(sources.sorted() == Array(0..<padded))
        for rows in 0...padded {
            let complete = (0..<height).prefix { fold.rows($0).allSatisfy { $0 < rows } }.count
            #expect(fold.rowsDone(afterPaddedRows: rows) == complete, "\(rows) of \(padded)")
        }
    }
}
