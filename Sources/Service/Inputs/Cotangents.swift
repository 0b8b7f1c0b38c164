import Codecs
import Inference

/// The gradients with respect to features that a request sends, `cotangent.<layer>`: one sample an
/// image, of the shape that the layer has for it.
struct Cotangents: Sendable {
    /// In the order of the body, each once.
    let taps: [Tap]
    private let sources: [FeatureSource]

    /// - Throws: `missing_input` when there is none, `unknown_layer`, `image_too_small`, and
    ///   `shape_mismatch` with the shape that is right.
    init(
        _ submission: Submission, _ set: OptionSet, _ images: ImageList, _ variant: NetworkVariant,
        _ configuration: Configuration
    ) throws(ServiceError) {
        guard submission.parts.contains(where: { $0.name != "image" }) else {
            throw ServiceError(
                .missingInput, "There is no tensor cotangent.<layer>; send one or more.")
        }
        let size = images.size(of: 0)
        var taps: [Tap] = []
        var sources: [FeatureSource] = []
        for (layer, source) in try submission.features("cotangent", set, configuration) {
            guard let tap = Tap(layer), variant.has(tap) else {
                throw ServiceError(
                    .unknownLayer,
                    "The network has no layer of the name in cotangent.<layer>; its layers are "
                        + variant.taps.map(\.description).joined(separator: ", ") + ".")
            }
            let minimum = variant.minimumSide(for: tap)
            guard min(size.height, size.width) >= minimum else {
                throw ServiceError(
                    InferenceError.imageTooSmall(minimum: minimum, tap: tap.description))
            }
            let shape = variant.shape(of: tap, height: size.height, width: size.width)
            let expected = FeatureShape(
                channels: shape.channels, height: shape.height, width: shape.width)
            guard source.dimensions.samples == images.count, source.dimensions.shape == expected
            else {
                throw ServiceError(
                    .shapeMismatch,
                    "\(source.name) must have \(images.count) samples of \(shape.channels) channels, "
                        + "\(shape.height) rows and \(shape.width) columns for these images.")
            }
            taps.append(tap)
            sources.append(source)
        }
        self.taps = taps
        self.sources = sources
    }

    /// Bytes of the values as they are read and as the engine reads them.
    var bytes: Int { sources.bytes { $0.decodedBytes.plus($0.view.elementCount.times(4)) } }

    /// The gradients by layer, then by image.
    func decode(_ team: Team) throws(ServiceError) -> [[FeatureMap]] {
        try team.map(sources.count) { index throws(ServiceError) in
            let source = sources[index]
            let shape = source.dimensions.shape
            let values = try source.singles { team.isCancelled }
            do throws(InferenceError) {
                return try (0..<source.dimensions.samples).map { sample throws(InferenceError) in
                    return try FeatureMap(
                        channels: shape.channels, height: shape.height, width: shape.width,
                        layout: source.channelLayout, values: values, start: sample * shape.count,
                        check: team.checkCancelled)
                }
            } catch {
                throw ServiceError(error)
            }
        }
    }
}

extension FeatureSource {
    fileprivate var channelLayout: ChannelLayout {
        [.nhwc, .hwc].contains(dimensions.layout) ? .interleaved : .planar
    }

    /// The values in single precision.
    fileprivate func singles(isCancelled: () -> Bool) throws(ServiceError) -> [Float] {
        do {
            return try payload.withSpan { bytes throws(ElementError) in
                try Elements.float32(view, of: bytes, isCancelled: isCancelled)
            }
        } catch {
            throw ServiceError(error, role: name)
        }
    }
}
