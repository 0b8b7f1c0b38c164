import Codecs
import HTTP
import Inference

/// Gradients with respect to images, in the units, the shape and the order of the values sent.
///
/// With respect to integers there is no gradient: theirs is that of the values in [0, 1] that they
/// stand for.
struct ImageGradientAnswer: Sendable {
    private let images: ImageList
    private let network: Network
    /// One array's own; (N, 3, H, W) for PNG and for several parts.
    private let shape: [Int]
    private let layout: ChannelLayout
    private let channels: Int

    init(_ images: ImageList, _ network: Network) {
        self.images = images
        self.network = network
        if images.sources.count == 1,
            case .array(let view, let layout, _) = images.sources[0].content
        {
            shape = view.shape
            self.layout = layout
            channels = images.sources[0].channels
        } else {
            let size = images.size(of: 0)
            shape = [images.count, 3, size.height, size.width]
            layout = .planar
            channels = 3
        }
    }

    /// Bytes of the gradients and of their encoding.
    var bytes: Int { shape.reduce(1) { $0.times($1) }.times(4).plus(images.pixels.times(12)) }

    /// The answer; the gradients are in the order of the images.
    /// - Throws: `non_finite_result`.
    func response(_ gradients: [ImageGradient]) throws(ServiceError) -> HTTPServerResponse {
        guard gradients.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
            throw ServiceError(
                .nonFiniteResult, "The gradient is not finite; scale the cotangents down.")
        }
        let metadata = [
            "model": network.name, "sha256": network.sha256,
            "preprocessing": network.preprocessing.name,
        ]
        let body = SafetensorsFile.encode([("gradient", shape)], metadata: metadata) { _, values in
            let count = values.count / gradients.count
            for (number, gradient) in gradients.enumerated() {
                write(gradient, of: number, at: number * count, into: &values)
            }
        }
        return HTTPServerResponse(type: MediaType.safetensors.essence, body: body)
    }

    private func write(
        _ gradient: ImageGradient, of number: Int, at start: Int,
        into values: inout MutableSpan<Float>
    ) {
        let width = images.source(of: number).unitsPerRange
        let positions = gradient.height * gradient.width
        let (pixelStep, channelStep) =
            layout == .planar ? (1, positions) : (channels, 1)
        for n in 0..<positions {
            let at = start + n * pixelStep
            let pixel = 3 * n
            if channels == 1 {
                // Gray stands for three equal channels.
                let sum =
                    gradient.values[pixel] + gradient.values[pixel + 1] + gradient.values[pixel + 2]
                values[at] = sum / width
                continue
            }
            // Alpha has no part in what the network sees: its gradient stays 0.
            for c in 0..<3 {
                values[at + c * channelStep] = gradient.values[pixel + c] / width
            }
        }
    }
}

extension ImageSource {
    /// How much of the values sent is the range from 0 to 1; 1 for integers.
    fileprivate var unitsPerRange: Float {
        guard case .array(_, _, let range?) = content else { return 1 }
        return range.bounds.upperBound - range.bounds.lowerBound
    }
}
