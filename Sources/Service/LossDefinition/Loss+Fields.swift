import Codecs
import Inference

extension Loss: Visited {
    /// What a definition that says nothing is.
    static let blank = Loss(name: "custom", summary: "", citation: "", terms: [])

    /// The definition that a request sends.
    static func read(_ json: JSON) throws(ServiceError) -> Loss {
        try FieldReader.read(json, path: "loss", blank)
    }

    /// The definition, spelled out: what a request may send.
    var json: JSON { FieldWriter.json(self) }

    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        try visitor.text("name", &name, countMax: 64)
        try visitor.text("summary", &summary)
        try visitor.text("citation", &citation)
        try visitor.object("network", &network)
        // Null, the default, is what the weights were trained with.
        try visitor.object("input", &input, .torchvision)
        try visitInputScale(&visitor)
        try visitor.object("resize", &resize, .blank)
        try visitor.integer("pyramid", &levels, in: 1...Self.levelsMax)
        try visitor.choice("mask_polarity", &maskPolarity)
        try visitor.objects("terms", &terms, .blank)
        guard visitor.isReading else { return }
        guard (1...Self.termsMax).contains(terms.count) else {
            throw visitor.fault("terms", "must have from 1 to \(Self.termsMax) terms")
        }
        for (index, term) in terms.enumerated()
        where terms[..<index].contains(where: { $0.key == term.key }) {
            throw visitor.fault("terms[\(index)].key", "is \(term.key), as that of a term before")
        }
    }

    private static let termsMax = 32

    private mutating func visitInputScale(
        _ visitor: inout some FieldVisitor
    ) throws(ServiceError) {
        var scale: JSON? = inputScale.map(JSON.number) ?? .null
        try visitor.visit("input_scale", &scale)
        if visitor.isReading, let scale, scale != .null {
            guard let value = scale.double, value > 0, value < 1e6 else {
                throw visitor.fault("input_scale", "must be null or a number above 0")
            }
            inputScale = value
        }
    }
}

extension LossNetwork: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        try visitor.choice("architecture", &architecture)
        try visitor.choice("weights", &weights)
        try visitor.object("pooling", &pooling)
        try visitor.choice("rounding", &rounding)
        try visitor.choice("padding", &padding)
    }
}

extension NetworkVariant.Pooling: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var kind: String
        var scale = 1.0
        switch self {
        case .max: kind = "max"
        case .average(let factor): (kind, scale) = ("average", Double(factor))
        case .l2(let factor): (kind, scale) = ("l2", Double(factor))
        case .l2Hann: kind = "l2_hann"
        }
        try visitor.choice("kind", &kind, of: ["max", "average", "l2", "l2_hann"])
        if kind == "average" || kind == "l2" {
            // As it was written down, 0.78 and not the double nearest to a float.
            scale = Double(Float(scale).description) ?? scale
            try visitor.number("scale", &scale, in: 1e-6...1e6)
        }
        self =
            switch kind {
            case "average": .average(scale: Float(scale))
            case "l2": .l2(scale: Float(scale))
            case "l2_hann": .l2Hann
            default: .max
            }
    }
}

extension Preprocessing: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var order = isBGR ? "BGR" : "RGB"
        var (scale, mean, std) = (Double(scale.description) ?? Double(scale), mean, std)
        try visitor.choice("channel_order", &order, of: ["RGB", "BGR"])
        try visitor.number("scale", &scale, in: 1e-6...1e6)
        try visitor.triple("mean", &mean, in: -1e6...1e6)
        try visitor.triple("std", &std, in: 1e-6...1e6)
        self = Preprocessing(
            name: "custom", isBGR: order == "BGR", scale: Float(scale), mean: mean, std: std)
    }
}
