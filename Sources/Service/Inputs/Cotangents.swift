import Codecs
import Inference

/// The gradients with respect to features that a request sends, `cotangent.<layer>`: one sample an
/// image, of the shape that the layer has for it.
struct Cotangents: Sendable {
    /// In the order of the body, each once.
    let taps: [Tap]
    private let sources: [FeatureSource]

    /// Whether a part is one.
    static func isPart(_ name: String) -> Bool {
        name.hasPrefix("cotangent.") && Submission.isLayerName(name.dropFirst(10))
    }

    /// - Throws: `missing_input` when there is none, `unknown_layer`, `image_too_small`, and
    ///   `shape_mismatch` with the shape that is right.
    init(
        _ submission: Submission, _ set: OptionSet, _ images: ImageList, _ variant: NetworkVariant,
        _ configuration: Configuration
    ) throws(ServiceError) {
        guard submission.parts.contains(where: { Self.isPart($0.name) }) else {
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
            let expected = [images.count, shape.channels, shape.height, shape.width]
            guard source.dimensions == expected else {
                throw ServiceError(
                    .shapeMismatch,
                    "\(source.name) must have samples, channels, height and width \(expected) for "
                        + "these images, not \(source.dimensions).")
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
            let shape = source.dimensions
            let values = try source.singles()
            let count = shape[1] * shape[2] * shape[3]
            return (0..<shape[0]).map { sample in
                FeatureMap(
                    channels: shape[1], height: shape[2], width: shape[3],
                    layout: source.channelLayout, values: values, start: sample * count)
            }
        }
    }
}

extension FeatureSource {
    /// Samples, channels, height and width; the positions of a `matrix` stand in one row.
    fileprivate var dimensions: [Int] {
        let s = view.shape
        switch layout {
        case .nchw: return s
        case .nhwc: return [s[0], s[3], s[1], s[2]]
        case .chw: return [1] + s
        case .hwc: return [1, s[2], s[0], s[1]]
        case .matrix: return [s[0], s[1], 1, s[2]]
        }
    }

    fileprivate var channelLayout: ChannelLayout {
        layout == .nhwc || layout == .hwc ? .interleaved : .planar
    }

    /// The values in single precision.
    fileprivate func singles() throws(ServiceError) -> [Float] {
        do {
            return try payload.withSpan { bytes throws(ElementError) in
                try Elements.float32(view, of: bytes)
            }
        } catch {
            throw ServiceError(error, role: name)
        }
    }
}
