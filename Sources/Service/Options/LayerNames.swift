import Inference

/// The names of a network's layers, and what other programs call them.
struct LayerNames {
    let architecture: Architecture

    /// In the order of the network.
    var all: [String] { VGG.taps(architecture).map(\.description) }

    /// Refuses a layer that is not there, with the name that it has here or that was probably meant.
    func unknown(_ name: String, in option: String) -> ServiceError {
        let start =
            "The option \(option) names \(Excerpt.quoted(name)), a layer that "
            + "\(architecture.rawValue) does not have"
        if let (tap, rule) = alias(name) {
            return ServiceError(.unknownLayer, "\(start); \(rule) is \(tap) here.")
        }
        let near = Excerpt.suggestion(name, of: all)
        return ServiceError(
            .unknownLayer, "\(start)\(near); the layers are \(all.joined(separator: ", ")).")
    }

    private func alias(_ name: String) -> (tap: Tap, rule: String)? {
        let parts = name.split(separator: "_")
        if name.hasPrefix("block"), parts.count == 2, let block = Int(parts[0].dropFirst(5)) {
            if parts[1] == "pool", let tap = known(.pool, block, 0) {
                return (tap, "Keras' \(name)")
            }
            if parts[1].hasPrefix("conv"), let index = Int(parts[1].dropFirst(4)),
                let tap = known(.relu, block, index)
            {
                return (tap, "Keras' \(name), whose activation is part of it,")
            }
        }
        let digits = name.hasPrefix("features.") ? name.dropFirst(9) : name[...]
        guard let number = Int(digits), digits.utf8.count <= 2 else { return nil }
        for shape in VGG.convolutions(architecture) {
            let taps = [shape.convTap, shape.reluTap] + (shape.poolTap.map { [$0] } ?? [])
            if taps.indices.contains(number - shape.featureIndex) {
                return (taps[number - shape.featureIndex], "torchvision's features.\(number)")
            }
        }
        return nil
    }

    private func known(_ kind: Tap.Kind, _ block: Int, _ index: Int) -> Tap? {
        Tap(kind: kind, block: block, index: index).flatMap { tap in
            VGG.position(of: tap, in: architecture) == nil ? nil : tap
        }
    }
}
