import Inference

/// How gradients with respect to images are written: in the units, the shape and the order of the
/// values sent.
///
/// With respect to integers there is no gradient: theirs is that of the values in [0, 1] that they
/// stand for.
struct ImageGradientTensors: Sendable {
    private let images: ImageList
    /// That of all images: one array's own, (N, 3, H, W) for PNG and for several parts of one size; nil
    /// for several sizes.
    let shape: [Int]?
    private let layout: ChannelLayout
    private let channels: Int

    init(_ images: ImageList) {
        self.images = images
        if images.sources.count == 1,
            case .array(let view, let layout, _) = images.sources[0].content
        {
            shape = view.shape
            self.layout = layout
            channels = images.sources[0].channels
        } else {
            let size = images.size(of: 0)
            let isOne = images.sources.allSatisfy { $0.size == size }
            shape = isOne ? [images.count, 3, size.height, size.width] : nil
            layout = .planar
            channels = 3
        }
    }

    /// The shape of one image alone.
    func sampleShape(of number: Int) -> [Int] {
        let size = images.size(of: number)
        if let shape, shape.count == 2 { return shape }
        return layout == .planar
            ? [channels, size.height, size.width] : [size.height, size.width, channels]
    }

    /// One image's gradient in the values' order and units.
    func values(of gradient: ImageGradient, number: Int) -> [Float] {
        let width = images.source(of: number).unitsPerRange
        let positions = gradient.height * gradient.width
        let (pixelStep, channelStep) = layout == .planar ? (1, positions) : (channels, 1)
        var values = [Float](repeating: 0, count: channels * positions)
        for n in 0..<positions {
            let (at, pixel) = (n * pixelStep, 3 * n)
            if channels == 1 {
                // Gray stands for three equal channels.
                let sum =
                    gradient.values[pixel] + gradient.values[pixel + 1]
                    + gradient.values[pixel + 2]
                values[at] = sum / width
                continue
            }
            // Alpha has no part in what the network sees: its gradient stays 0.
            for c in 0..<3 {
                values[at + c * channelStep] = gradient.values[pixel + c] / width
            }
        }
        return values
    }
}

extension ImageSource {
    /// How much of the values sent is the range from 0 to 1; 1 for integers.
    fileprivate var unitsPerRange: Float {
        guard case .array(_, _, let range?) = content else { return 1 }
        return range.bounds.upperBound - range.bounds.lowerBound
    }
}
