import Codecs
import Inference

/// One image of a request: a source and the position in it.
struct ImageReference: Sendable {
    /// The position of the source among those of its role.
    let source: Int
    let sample: Int
}

/// The images of one role, in order.
struct ImageList: Sendable {
    let sources: [ImageSource]
    let references: [ImageReference]

    init(_ sources: [ImageSource]) {
        self.sources = sources
        references = sources.enumerated().flatMap { index, source in
            (0..<source.samples).map { ImageReference(source: index, sample: $0) }
        }
    }

    var count: Int { references.count }
    var decodedBytes: Int { sources.bytes(\.decodedBytes) }

    var pixels: Int { sources.reduce(0) { $0 + $1.samples * $1.height * $1.width } }

    func source(of index: Int) -> ImageSource { sources[references[index].source] }
    func size(of index: Int) -> ImageSize { source(of: index).size }

    /// - Throws: `shape_mismatch` unless the images fit one tensor.
    func checkEqualSizes() throws(ServiceError) {
        guard Set(sources.map(\.size)).count == 1 else {
            throw ServiceError(
                .shapeMismatch, "The images differ in size; send those of one size in one request.")
        }
    }
}

extension Submission {
    /// The images of a role, held to the limits; none when there is no such part.
    func images(
        _ role: String, _ options: ArrayOptions, _ configuration: Configuration
    ) throws(ServiceError) -> ImageList {
        let limits = ImageLimits(configuration)
        let countMax = configuration[.maxPairsPerRequest]
        var sources: [ImageSource] = []
        var count = 0
        for content in parts(named: role) {
            let source = try Self.source(content, role, options, limits)
            count += min(source.samples, countMax + 1)
            sources.append(source)
            guard count <= countMax else {
                throw ServiceError(
                    .batchTooLarge,
                    "There are more than \(countMax) images of \(role); send them in several "
                        + "requests.",
                    limit: countMax, setting: .maxPairsPerRequest)
            }
        }
        return ImageList(sources)
    }

    static func source(
        _ content: Content, _ role: String, _ options: ArrayOptions, _ limits: ImageLimits
    ) throws(ServiceError) -> ImageSource {
        switch content {
        case .statistics: throw ServiceError.strayStatistics(role)
        case .tensor(let view, let payload):
            return try ImageSource(
                array: view, in: payload, role: role, options: options, limits: limits)
        case .file(let payload, let contentType):
            let (kind, warning) = try PartKind.find(role, payload, contentType: contentType)
            var source: ImageSource
            switch kind {
            case .image(let format):
                source = try ImageSource(format, payload, role: role, limits: limits)
            case .npy:
                let view = try Self.npy(payload, role)
                source = try ImageSource(
                    array: view, in: payload, role: role, options: options, limits: limits)
            }
            source.warning = warning
            return source
        }
    }

    static func npy(_ payload: Payload, _ role: String) throws(ServiceError) -> TensorView {
        do {
            return try payload.withSpan { bytes throws(NPYError) in try NPY.parse(bytes) }
        } catch {
            throw ServiceError(error, role: role)
        }
    }
}
