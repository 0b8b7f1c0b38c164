import Codecs
import Inference

extension Statistic: Visited {
    private static let kinds = [
        "features", "gram", "mean", "mean_deviation", "gaussian", "joint_moments",
    ]

    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var kind =
            switch self {
            case .features: "features"
            case .gram: "gram"
            case .mean: "mean"
            case .meanDeviation: "mean_deviation"
            case .gaussian: "gaussian"
            case .jointMoments: "joint_moments"
            }
        try visitor.choice("kind", &kind, of: Self.kinds)
        switch kind {
        case "gram":
            var gram = Gram(.elements)
            if case .gram(let own) = self { gram = own }
            try gram.visit(&visitor)
            self = .gram(gram)
        case "mean": self = .mean
        case "mean_deviation":
            var (eps, isUnbiased) = (1e-5, true)
            if case .meanDeviation(let own, let unbiased) = self {
                (eps, isUnbiased) = (own, unbiased)
            }
            try visitor.number("eps", &eps, in: 0...1e6)
            try visitor.flag("unbiased", &isUnbiased)
            self = .meanDeviation(eps: eps, isUnbiased: isUnbiased)
        case "gaussian":
            var (eps, steps) = (1e-4, 12)
            if case .gaussian(let own, let count) = self { (eps, steps) = (own, count) }
            try visitor.number("eps", &eps, in: 1e-12...1e6)
            try visitor.integer("steps", &steps, in: 1...32)
            self = .gaussian(eps: eps, steps: steps)
        case "joint_moments": self = .jointMoments
        default: try visitFeatures(&visitor)
        }
    }

    private mutating func visitFeatures(
        _ visitor: inout some FieldVisitor
    ) throws(ServiceError) {
        var (scale, unit): (Double, ChannelUnit?) = (1, nil)
        if case .features(let own, let normalisation) = self {
            (scale, unit) = (own, normalisation)
        }
        try visitor.number("scale", &scale, in: 1e-12...1e12)
        var place = unit.map { $0.isInsideRoot ? "inside" : "outside" } ?? "none"
        try visitor.choice("channel_unit", &place, of: ["none", "outside", "inside"])
        if place != "none" {
            var eps = unit?.eps ?? (place == "inside" ? 1e-8 : 1e-10)
            try visitor.number("eps", &eps, in: 1e-300...1)
            unit = ChannelUnit(eps: eps, isInsideRoot: place == "inside")
        } else {
            unit = nil
        }
        self = .features(scale: scale, unit: unit)
    }
}

extension Gram: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var constant = 1.0
        var name =
            switch normaliser {
            case .none: "none"
            case .positions: "hw"
            case .elements: "chw"
            case .constant: "constant"
            case .deviations: "deviations"
            }
        if case .constant(let own) = normaliser { constant = own }
        try visitor.choice(
            "normaliser", &name, of: ["none", "hw", "chw", "constant", "deviations"])
        if name == "constant" { try visitor.number("constant", &constant, in: 1e-300...1e300) }
        normaliser =
            switch name {
            case "none": .none
            case "hw": .positions
            case "constant": .constant(constant)
            case "deviations": .deviations
            default: .elements
            }
        try visitor.flag("centred", &isCentred)
        try visitor.number("scale", &scale, in: 1e-12...1e12)
        var side = patch ?? 0
        try visitor.integer("patch", &side, in: 0...4096)
        patch = side == 0 ? nil : side
        guard visitor.isReading else { return }
        guard isCentred || normaliser != .deviations else {
            throw visitor.fault("normaliser", "may be deviations of centred features alone")
        }
        guard !isCentred || patch == nil else {
            throw visitor.fault("patch", "is for matrices that are not centred")
        }
    }
}

extension Distance: Visited {
    private static let kinds = [
        "l1", "squared", "l2", "smooth_l1", "charbonnier", "scaled_squared", "wasserstein",
        "structural",
    ]

    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var kind =
            switch self {
            case .l1: "l1"
            case .squared: "squared"
            case .l2: "l2"
            case .smoothL1: "smooth_l1"
            case .charbonnier: "charbonnier"
            case .scaledSquared: "scaled_squared"
            case .wasserstein: "wasserstein"
            case .structural: "structural"
            }
        try visitor.choice("kind", &kind, of: Self.kinds)
        switch kind {
        case "squared": self = .squared
        case "l2": self = .l2
        case "smooth_l1":
            var beta = 1.0
            if case .smoothL1(let own) = self { beta = own }
            try visitor.number("beta", &beta, in: 1e-300...1e300)
            self = .smoothL1(beta: beta)
        case "charbonnier":
            var eps = 1e-12
            if case .charbonnier(let own) = self { eps = own }
            try visitor.number("eps", &eps, in: 0...1e300)
            self = .charbonnier(eps: eps)
        case "scaled_squared":
            var eps = 1e-8
            if case .scaledSquared(let own) = self { eps = own }
            try visitor.number("eps", &eps, in: 1e-300...1e300)
            self = .scaledSquared(eps: eps)
        case "wasserstein": self = .wasserstein
        case "structural":
            var (c1, c2) = (1e-6, 1e-6)
            if case .structural(let own, let other) = self { (c1, c2) = (own, other) }
            try visitor.number("c1", &c1, in: 1e-300...1e6)
            try visitor.number("c2", &c2, in: 1e-300...1e6)
            self = .structural(c1: c1, c2: c2)
        default: self = .l1
        }
    }
}

extension Reduction: Visited {
    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var (divisor, factor, power) = (divisor, factor, imagePower)
        try visitor.choice("divisor", &divisor)
        try visitor.number("factor", &factor)
        try visitor.integer("image_pixels_power", &power, in: -4...4)
        self = Reduction(divisor, factor: factor, imagePower: power)
    }
}
