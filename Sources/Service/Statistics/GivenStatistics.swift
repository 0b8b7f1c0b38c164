import Codecs
import Inference

/// Statistics of images as POST /v1/gram answered them, sent back as targets: a style of a few hundred
/// KB instead of a picture.
struct GivenStatistics: Sendable {
    /// What they are of.
    let origin: StatisticsOrigin
    /// One an image: the summaries from which the statistic has the values that were sent.
    let samples: [TargetStatistics]
    /// The bytes as they came; none where their digest is known.
    private(set) var payload: Payload
    /// How many those were, and their type.
    let payloadBytes: Int
    let type: MediaType

    /// Bytes of the values.
    var bytes: Int { samples.bytes(\.byteCount) }

    /// The same without the bytes they came in.
    var withoutPayload: GivenStatistics {
        var own = self
        own.payload = Payload([])
        return own
    }

    /// Whether a file may hold statistics, by its first bytes.
    static func isMeant(_ payload: Payload) -> Bool {
        [.safetensors, .json].contains(payload.withSpan { MediaSniffer.kind(of: $0) })
    }

    /// Statistics from a file of either form.
    /// - Parameters:
    ///   - role: the part, for sentences.
    ///   - intake: what books memory before it is taken.
    /// - Throws: `invalid_tensor` for what is no such answer, `unknown_layer`, `shape_mismatch` for
    ///   other channels than a layer has, `non_finite_input`.
    init(_ payload: Payload, role: String, _ intake: Intake) throws(ServiceError) {
        let isJSON = payload.withSpan { MediaSniffer.kind(of: $0) } == .json
        let values =
            isJSON
            ? try StatisticsValues(json: payload, role, intake)
            : try StatisticsValues(safetensors: payload, role, intake)
        origin = values.origin
        samples = try values.samples(role)
        type = isJSON ? .json : .safetensors
        self.payload = payload
        payloadBytes = payload.count
    }
}

extension ServiceError {
    /// Statistics where an image or a tensor belongs.
    static func strayStatistics(_ role: String) -> ServiceError {
        ServiceError(
            .unsupportedMediaType,
            "The part \(role) holds statistics, which may stand for targets of losses alone, all of "
                + "one part or none.")
    }
}

/// The values of a file of statistics, by layer, and the summaries that are made of them.
struct StatisticsValues {
    let origin: StatisticsOrigin
    private(set) var layers: [(name: String, shape: [Int], values: [Double])] = []

    init(_ origin: StatisticsOrigin) { self.origin = origin }

    mutating func add(_ name: String, _ shape: [Int], _ values: [Double]) {
        layers.append((name, shape, values))
    }

    static func malformed(_ role: String, _ what: String) -> ServiceError {
        ServiceError(
            .invalidTensor,
            "The statistics of \(role) \(what); send what POST /v1/gram answers for images, as "
                + "application/safetensors or application/json.")
    }

    /// One an image.
    func samples(_ role: String) throws(ServiceError) -> [TargetStatistics] {
        guard let architecture = origin.network.architecture, let kind = origin.statistic.kind,
            !layers.isEmpty
        else { throw Self.malformed(role, "have no layer") }
        let names = LayerNames(architecture: architecture).all
        let variant = origin.network.variant(architecture)
        var summaries = origin.sizes.map { _ in [Tap: Summary]() }
        for (name, shape, values) in layers {
            guard let tap = Tap(name), names.contains(name) else {
                throw ServiceError(
                    .unknownLayer,
                    "The statistics of \(role) have the layer \(Excerpt.quoted(name)), which "
                        + "\(architecture.rawValue) does not have"
                        + "\(Excerpt.suggestion(name, of: names)).")
            }
            try check(shape, kind, tap, role)
            let count = kind.count(channels: tap.channels)
            for (sample, size) in origin.sizes.enumerated() {
                let own = Array(values[sample * count..<(sample + 1) * count])
                try check(own, kind, tap, role)
                let features = variant.features(of: size, at: tap)
                guard features.height > 0, features.width > 0,
                    features.positions > 1 || !isUnbiased
                else {
                    throw Self.malformed(
                        role, "are of an image of \(size), which has nothing at \(tap)")
                }
                summaries[sample][tap] = Summary(origin.statistic, values: own, shape: features)
            }
        }
        return zip(origin.sizes, summaries).map { TargetStatistics(size: $0, summaries: $1) }
    }

    private func check(
        _ shape: [Int], _ kind: Statistic.Kind, _ tap: Tap, _ role: String
    ) throws(ServiceError) {
        let expected = [origin.sizes.count] + kind.shape(channels: tap.channels)
        guard shape.count == expected.count, shape.first == expected.first else {
            throw Self.malformed(role, "have the shape \(shape) at \(tap), not \(expected)")
        }
        guard shape == expected else {
            throw ServiceError(
                .shapeMismatch,
                "The statistics of \(role) are of \(shape.last ?? 0) channels at \(tap), where the "
                    + "network has \(tap.channels).")
        }
    }

    private func check(
        _ values: [Double], _ kind: Statistic.Kind, _ tap: Tap, _ role: String
    ) throws(ServiceError) {
        let channels = tap.channels
        switch kind {
        case .gram:
            for row in 0..<channels {
                for column in 0..<row
                where values[row * channels + column] != values[column * channels + row] {
                    throw Self.malformed(role, "have a matrix at \(tap) that is not symmetric")
                }
            }
        case .meanDeviation:
            guard values[channels...].allSatisfy({ $0 >= 0 }) else {
                throw Self.malformed(role, "have a negative deviation at \(tap)")
            }
        case .mean: break
        }
    }

    private var isUnbiased: Bool {
        if case .meanDeviation(_, let isUnbiased) = origin.statistic { isUnbiased } else { false }
    }
}
