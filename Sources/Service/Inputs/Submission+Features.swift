import Codecs
import Inference

/// A tensor of features as it was sent: its dimensions are checked, its values are not read.
struct FeatureSource: Sendable {
    /// The name in the body, `output.pool1`.
    let name: String
    let dimensions: FeatureDimensions
    let view: TensorView
    let payload: Payload

    init(_ name: String, _ view: TensorView, _ payload: Payload, _ layout: FeatureLayout)
        throws(ServiceError)
    {
        self.name = name
        self.view = view
        self.payload = payload
        guard !view.elementType.isInteger else {
            throw ServiceError(
                .dtypeUnsupported,
                "The tensor \(name) holds integers; features are F16, BF16, F32 or F64.")
        }
        do {
            dimensions = try FeatureDimensions(name: name, sizes: view.shape, layout: layout)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Bytes of the values once read, which keep double precision and widen what is narrower than
    /// single.
    var decodedBytes: Int {
        view.elementCount.times(view.elementType == .float64 ? 8 : 4)
            .times(view.isFortranOrder ? 2 : 1)
    }

    /// Reads the values.
    ///
    /// - Parameter isCancelled: asked every few hundred microseconds; once true, `deadline_exceeded`
    ///   is thrown.
    func decode(isCancelled: () -> Bool) throws(ServiceError) -> FeatureTensor {
        do {
            let elements = try payload.withSpan { bytes throws(ElementError) in
                view.elementType == .float64
                    ? FeatureTensor.Elements.float64(
                        try Elements.float64(view, of: bytes, isCancelled: isCancelled))
                    : .float32(try Elements.float32(view, of: bytes, isCancelled: isCancelled))
            }
            return FeatureTensor(dimensions, elements)
        } catch {
            throw ServiceError(error, role: name)
        }
    }
}

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
