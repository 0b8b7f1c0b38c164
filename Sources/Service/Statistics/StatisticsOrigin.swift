import Codecs
import Inference

/// What statistics are of: all that decides their values, besides the images. It stands in the answers
/// of POST /v1/gram, and binds them when they come back as targets.
struct StatisticsOrigin: Sendable {
    /// The name of the network's weights, for people.
    var model: String
    /// Their digest, for machines.
    var sha256: String
    /// How the network was run.
    var network: LossNetwork
    /// What it was fed with.
    var input: Preprocessing
    /// What was made of its features.
    var statistic: Statistic
    /// The size of each image.
    var sizes: [ImageSize]

    init(
        _ network: Network, _ variant: NetworkVariant, _ input: Preprocessing,
        _ statistic: Statistic, sizes: [ImageSize]
    ) {
        model = network.name
        sha256 = network.sha256
        self.network = LossNetwork(
            variant.architecture, pooling: variant.pooling, rounding: variant.rounding,
            padding: variant.padding)
        self.input = input
        self.statistic = statistic
        self.sizes = sizes
    }

    var json: JSON { FieldWriter.json(self) }

    /// The JSON as text, which is ASCII.
    var text: String { String(decoding: json.encode(), as: UTF8.self) }

    /// - Throws: `invalid_tensor`, naming the member.
    static func read(_ json: JSON) throws(ServiceError) -> StatisticsOrigin {
        let blank = StatisticsOrigin(
            model: "", sha256: "", network: LossNetwork(), input: .torchvision,
            statistic: .gram(Gram(.elements)), sizes: [])
        for name in ["sha256", "network", "input", "statistic", "sizes"] where json[name] == nil {
            throw ServiceError(.invalidTensor, "In the statistics, origin.\(name) is missing.")
        }
        do {
            return try FieldReader.read(json, path: "origin", blank)
        } catch {
            throw ServiceError(.invalidTensor, "In the statistics, \(error.detail)")
        }
    }

    private init(
        model: String, sha256: String, network: LossNetwork, input: Preprocessing,
        statistic: Statistic, sizes: [ImageSize]
    ) {
        self.model = model
        self.sha256 = sha256
        self.network = network
        self.input = input
        self.statistic = statistic
        self.sizes = sizes
    }
}

extension StatisticsOrigin: Visited {
    private static let sizesMax = 1024

    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        try visitor.text("model", &model, countMax: 256)
        try visitor.text("sha256", &sha256, isRequired: true, countMax: 64)
        try visitor.object("network", &network)
        try visitor.object("input", &input)
        try visitor.object("statistic", &statistic)
        var json: JSON? = .array(
            sizes.map { .array([.integer($0.height), .integer($0.width)]) })
        try visitor.visit("sizes", &json)
        guard visitor.isReading else { return }
        guard case .array(let items) = json, (1...Self.sizesMax).contains(items.count) else {
            throw visitor.fault("sizes", "must be a list of heights and widths, one an image")
        }
        sizes = []
        for item in items {
            // Larger than any image a limit lets in, and small enough to be multiplied.
            guard case .array(let sides) = item, sides.count == 2,
                case .integer(let height) = sides[0], case .integer(let width) = sides[1],
                (1...1 << 24).contains(height), (1...1 << 24).contains(width)
            else { throw visitor.fault("sizes", "must have a height and a width an image") }
            sizes.append(ImageSize(height: height, width: width))
        }
        guard network.architecture != nil else {
            throw visitor.fault("network.architecture", "is missing")
        }
        guard statistic.kind != nil else {
            throw visitor.fault("statistic.kind", "must be gram, mean or mean_deviation")
        }
    }
}

extension Visited {
    /// Whether another value is spelled alike: names that people give do not count.
    func isSpelled(as other: Self) -> Bool { FieldWriter.json(self) == FieldWriter.json(other) }

    /// The value as a sentence shows it.
    var spelling: String { String(decoding: FieldWriter.json(self).encode(), as: UTF8.self) }
}
