import Inference

extension Resize: Visited {
    /// What a resize that says nothing is.
    static let blank = Resize(.shortSide(256))

    /// What a side may be brought to.
    static let sides = 1...16384

    private static let kinds = ["exact", "short_side", "max_side"]

    mutating func visit(_ visitor: inout some FieldVisitor) throws(ServiceError) {
        var kind: String
        var (side, height, width) = (256, 256, 256)
        switch size {
        case .exact(let own): (kind, height, width) = ("exact", own.height, own.width)
        case .shortSide(let own): (kind, side) = ("short_side", own)
        case .maxSide(let own): (kind, side) = ("max_side", own)
        }
        try visitor.choice("to", &kind, of: Self.kinds)
        if kind == "exact" {
            try visitor.integer("height", &height, in: Self.sides)
            try visitor.integer("width", &width, in: Self.sides)
        } else {
            try visitor.integer("side", &side, in: Self.sides)
        }
        switch kind {
        case "exact": size = .exact(ImageSize(height: height, width: width))
        case "max_side": size = .maxSide(side)
        default: size = .shortSide(side)
        }
        try visitor.choice("filter", &filter)
        try visitor.flag("antialias", &antialiases)
        try visitor.flag("enlarge", &enlarges)
    }
}

/// The short option `resize`.
extension Resize.Size {
    /// `exact:224x256` (height by width), `short_side:256` or `max_side:512`; nil for anything else.
    init?(option text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let sides = parts[1].split(separator: "x", omittingEmptySubsequences: false)
            .map { Int($0) ?? 0 }
        guard sides.allSatisfy(Resize.sides.contains) else { return nil }
        switch (parts[0], sides.count) {
        case ("exact", 2): self = .exact(ImageSize(height: sides[0], width: sides[1]))
        case ("short_side", 1): self = .shortSide(sides[0])
        case ("max_side", 1): self = .maxSide(sides[0])
        default: return nil
        }
    }

    /// The text that means it.
    var option: String {
        switch self {
        case .exact(let size): "exact:\(size.height)x\(size.width)"
        case .shortSide(let side): "short_side:\(side)"
        case .maxSide(let side): "max_side:\(side)"
        }
    }
}
