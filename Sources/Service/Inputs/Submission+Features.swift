import Codecs
import Inference

extension Submission {
    /// Whether a text may name a layer: 1 to 64 letters, digits, `_`, `.` and `-`.
    static func isLayerName(_ name: some StringProtocol) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                    || "_.-".unicodeScalars.contains($0)
            }
    }

    /// The tensors called `prefix.<layer>`, in order, by layer.
    func features(
        _ prefix: String, _ options: OptionSet, _ configuration: Configuration
    ) throws(ServiceError) -> [(layer: String, source: FeatureSource)] {
        guard let layout: FeatureLayout = try options.choice(.layout) else {
            throw ServiceError(
                .missingOption,
                "Features need the option layout: nchw or nhwc for 4 dimensions, chw, hwc or "
                    + "matrix for 3."
            )
        }
        let samplesMax = configuration[.maxPairsPerRequest]
        var found: [(layer: String, source: FeatureSource)] = []
        var layers: Set<String> = []
        for (name, content) in parts where name.hasPrefix(prefix + ".") {
            let layer = String(name.dropFirst(prefix.count + 1))
            guard layers.insert(layer).inserted else {
                throw ServiceError(.badRequest, "The tensor \(name) is there twice; send it once.")
            }
            let source: FeatureSource
            switch content {
            case .statistics: throw ServiceError.strayStatistics(name)
            case .tensor(let view, let payload):
                source = try FeatureSource(name, view, payload, layout)
            case .file(let payload, let contentType):
                let found = try PartKind.find(name, payload, contentType: contentType)
                guard case .npy = found.kind else {
                    throw ServiceError(
                        .unsupportedMediaType, "Features are sent as npy, not as an image file.")
                }
                source = try FeatureSource(name, try Self.npy(payload, name), payload, layout)
            }
            guard source.dimensions.samples <= samplesMax else {
                throw ServiceError(
                    .batchTooLarge, "The tensor \(name) has more than \(samplesMax) samples.",
                    limit: samplesMax, actual: source.dimensions.samples,
                    setting: .maxPairsPerRequest)
            }
            found.append((layer, source))
        }
        return found
    }
}
