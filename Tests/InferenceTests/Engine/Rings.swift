import Inference
import TestSupport

/// Rings of rows for tests of single steps, and features in and out of them.
extension RowRing {
    /// A ring in memory of its own, which held something else before.
    static func kept(
        height: Int, width: Int, channels: Int, slots: Int? = nil, images: Int = 1
    ) -> RowRing {
        let blocks = Kernels.blocks(of: channels)
        let slots = slots ?? height
        let arena = Arena.kept(
            floats: RowRing.count(
                height: height, width: width, blocks: blocks, slots: slots, images: images))
        return RowRing(
            height: height, width: width, blocks: blocks, slots: slots, images: images, arena: arena
        )
    }

    /// Writes a row of features, from a column on, as the step before would.
    func write(_ features: ReferenceFeatures, row y: Int, image: Int = 0, from column: Int = 0) {
        for c in 0..<features.channels {
            let (block, lane) = c.quotientAndRemainder(dividingBy: Kernels.block)
            let row = pixels(y, image: image, block: block) + column * Kernels.block
            for x in 0..<features.width {
                row[x * Kernels.block + lane] = Float(features[c, y, x])
            }
        }
    }

    /// All rows of an image, (C, H, W).
    func values(image: Int = 0) -> [Double] {
        (0..<blocks * Kernels.block).flatMap { c in
            (0..<height).flatMap { y in
                let (block, lane) = c.quotientAndRemainder(dividingBy: Kernels.block)
                let row = pixels(y, image: image, block: block)
                return (0..<width).map { Double(row[$0 * Kernels.block + lane]) }
            }
        }
    }
}

extension ReferenceFeatures {
    /// Noise in −2 ..< 2, exact in single precision.
    static func noise(channels: Int, height: Int, width: Int, seed: Int) -> ReferenceFeatures {
        ReferenceFeatures(
            channels: channels, height: height, width: width,
            values: KernelInputs.doubles(channels * height * width, seed))
    }
}
