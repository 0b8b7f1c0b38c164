/// Runs of positions of given features, packed as the kernels read the rows of the network's:
/// [image][channel block][position][64]. The copy of a run stays in cache for all that is made of it.
package struct FeatureRun<Element: FeatureElement> {
    private let memory: UnsafeMutablePointer<Element>
    private let blocks: Int
    /// Positions of a whole run.
    let width: Int

    /// Room for a run of some images of a shape; what is packed stays where it is until the next run.
    package init(_ shape: FeatureShape, images: Int, width: Int, arena: Arena) {
        blocks = Kernels.blocks(of: shape.channels)
        self.width = width
        let count = Self.count(shape, images: images, width: width)
        memory = UnsafeMutableRawPointer(arena.doubles(count)).bindMemory(
            to: Element.self, capacity: count)
        memory.update(repeating: 0, count: count)
    }

    /// The elements of runs of some images.
    package static func count(_ shape: FeatureShape, images: Int, width: Int) -> Int {
        images * Kernels.blocks(of: shape.channels) * width * Kernels.block
    }

    /// The rows of an image's run: one.
    package func rows(ofImage image: Int) -> FeatureRows<Element> {
        FeatureRows(
            base: memory + image * blocks * width * Kernels.block, slots: 1, rowStride: 0,
            blockStride: width * Kernels.block, blocks: blocks)
    }

    /// Packs some positions of one sample of a tensor.
    package func pack(_ tensor: FeatureTensor, sample: Int, _ positions: Range<Int>, image: Int) {
        switch tensor.elements {
        case .float32(let values): pack(values, tensor.dimensions, sample, positions, image)
        case .float64(let values): pack(values, tensor.dimensions, sample, positions, image)
        }
    }

    private func pack<Value: BinaryFloatingPoint>(
        _ values: [Value], _ dimensions: FeatureDimensions, _ sample: Int,
        _ positions: Range<Int>, _ image: Int
    ) {
        let packed = memory + image * blocks * width * Kernels.block
        let (channelStride, positionStride) = (dimensions.channelStride, dimensions.positionStride)
        let start = sample * dimensions.shape.count
        values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return }
            // 128 positions of a channel are eight cache lines in a row, enough for the processor to
            // fetch ahead; what they are written to still fits the first-level cache.
            for first in stride(from: 0, to: positions.count, by: 128) {
                let count = min(128, positions.count - first)
                let from = values + start + (positions.lowerBound + first) * positionStride
                for channel in 0..<dimensions.shape.channels {
                    let (block, c) = channel.quotientAndRemainder(dividingBy: Kernels.block)
                    let to = packed + block * width * Kernels.block + first * Kernels.block + c
                    let line = from + channel * channelStride
                    for p in 0..<count {
                        to[p * Kernels.block] = Element(line[p * positionStride])
                    }
                }
            }
        }
    }
}
