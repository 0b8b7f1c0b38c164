import Codecs
import Inference

extension Term: Visited {
    static let blank = Term("", weight: 1, .features(FeatureMeasure([], .features, .l1)))

    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        try visitor.text("key", &key, isRequired: true, countMax: 64)
        try visitor.number("weight", &weight)
        try visitor.number("gradient_weight", &gradientWeight)
        try visitor.choice("subject", &subject)
        var kind: String
        switch measure {
        case .features: kind = "features"
        case .pixels: kind = "pixels"
        case .variation: kind = "variation"
        }
        try visitor.choice("measure", &kind, of: ["features", "pixels", "variation"])
        switch kind {
        case "pixels":
            var pixels = PixelMeasure(.l1)
            if case .pixels(let own) = measure { pixels = own }
            try pixels.visit(&visitor)
            measure = .pixels(pixels)
        case "variation":
            var variation = VariationMeasure(.neighbours(.l1))
            if case .variation(let own) = measure { variation = own }
            try variation.visit(&visitor)
            measure = .variation(variation)
        default:
            var features = features ?? FeatureMeasure([], .features, .l1)
            try features.visit(&visitor)
            measure = .features(features)
        }
        if visitor.isReading { try check(visitor) }
    }

    private static let reserved = [
        "total", "target_digest", "target_cached", "gradient", "gradient_norm", "maps",
    ]

    private func check(_ visitor: some FieldVisitor) throws(ServiceError) {
        let isName = key.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_"
        }
        guard !key.isEmpty, isName, !Self.reserved.contains(key) else {
            throw visitor.fault(
                "key",
                "must be of letters a to z, digits and _, and none of "
                    + Self.reserved.joined(separator: ", "))
        }
        guard subject != .hole || features != nil else {
            throw visitor.fault("subject", "may be hole in a term of features alone")
        }
    }
}

extension FeatureMeasure: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var json: JSON? = .object(layers.map { .init($0.name, .number($0.weight)) })
        try visitor.visit("layers", &json)
        if visitor.isReading { layers = try Self.layers(json, visitor) }
        try visitor.object("statistic", &statistic)
        try visitor.object("distance", &distance)
        try visitor.object("reduction", &reduction)
        try visitor.choice("learned", &learned)
        try visitor.choice("region", &region)
        try visitor.choice("divisor", &divisor)
        guard visitor.isReading else { return }
        try checkMoments(visitor)
        try checkRegion(visitor)
        let isGaussian = if case .gaussian = statistic { true } else { false }
        guard isGaussian == (distance == .wasserstein) else {
            throw visitor.fault(
                "distance",
                "of a gaussian statistic is wasserstein, and that of any other is not")
        }
    }

    private func checkMoments(_ visitor: some FieldVisitor) throws(ServiceError) {
        guard (statistic == .jointMoments) == (distance.isStructural) else {
            throw visitor.fault(
                "distance",
                "of joint_moments is structural, and that of any other statistic is not")
        }
        switch (learned, statistic) {
        case (nil, _), (.dists, .jointMoments), (.lpips, .features(_, .some)): return
        case (let learned?, _):
            throw visitor.fault(
                "learned",
                "\(learned.rawValue) is for "
                    + (learned == .dists ? "joint_moments" : "features at unit length") + " alone")
        }
    }

    private func checkRegion(_ visitor: some FieldVisitor) throws(ServiceError) {
        guard region == .all || allowsRegion else {
            throw visitor.fault(
                "region",
                "is for features and for Gram matrices that are neither centred nor of patches")
        }
        guard divisor == .all || divisor == region else {
            throw visitor.fault("divisor", "of features must be all, or the region of the term")
        }
    }

    private static func layers(
        _ json: JSON?, _ visitor: some FieldVisitor
    ) throws(ServiceError) -> [LayerWeight] {
        guard case .object(let members) = json, !members.isEmpty else {
            throw visitor.fault("layers", "must be an object of one or more layers with weights")
        }
        var layers: [LayerWeight] = []
        for member in members {
            guard let name = member.name.name else {
                throw visitor.fault(
                    "layers.\(member.name.printable)", "is no name of a layer")
            }
            guard let weight = member.value.double, weight.isFinite else {
                throw visitor.fault("layers.\(name)", "must be a number")
            }
            layers.append(LayerWeight(name, weight: weight))
        }
        return layers
    }
}

extension PixelMeasure: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        try visitor.object("distance", &distance)
        try visitor.choice("region", &region)
        try visitor.choice("divisor", &divisor)
        try visitor.object("reduction", &reduction)
        try visitor.choice("unit", &unit)
        try visitor.choice("learned", &learned)
        guard visitor.isReading else { return }
        guard distance != .wasserstein else {
            throw visitor.fault("distance", "of pixels is not wasserstein")
        }
        let isWhole = (region, divisor, unit) == (.all, .all, .unit)
        guard isWhole || !distance.isStructural else {
            throw visitor.fault("distance", "structural is of all pixels in [0, 1]")
        }
        guard learned == nil || learned == .dists && distance.isStructural else {
            throw visitor.fault("learned", "of pixels are those of dists for structural alone")
        }
    }
}

extension VariationMeasure: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var name: String
        var distance = Distance.l1
        var power = 1.0
        switch kind {
        case .neighbours(let own): (name, distance) = ("neighbours", own)
        case .gradient(let own): (name, power) = ("gradient", own)
        case .ninePoint: name = "nine_point"
        }
        try visitor.choice("variation", &name, of: ["neighbours", "gradient", "nine_point"])
        switch name {
        case "gradient":
            try visitor.number("power", &power, in: 0.01...8)
            kind = .gradient(power: power)
        case "nine_point": kind = .ninePoint
        default:
            try visitor.object("distance", &distance)
            kind = .neighbours(distance)
        }
        try visitor.object("reduction", &reduction)
        try visitor.flag("in_hole", &isInHole)
        try visitor.choice("unit", &unit)
        if visitor.isReading, distance == .wasserstein || distance.isStructural {
            throw visitor.fault("distance", "of neighbours is neither wasserstein nor structural")
        }
    }
}
