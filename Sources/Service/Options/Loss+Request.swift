import Inference

extension Loss {
    /// The loss in force for images: that of the request's preset, changed by its other options.
    init(_ options: OptionSet, architecture: Architecture) throws(ServiceError) {
        let taps = VGG.taps(architecture).map(\.description)
        self = try Presets.named(in: options)
        try change(options) { names, option throws(ServiceError) in
            guard names.allSatisfy(taps.contains) else {
                throw ServiceError(
                    .unknownLayer,
                    "The option \(option.rawValue) names a layer that \(architecture.rawValue) "
                        + "does not have; "
                        + "the layers are \(taps.joined(separator: ", ")).")
            }
            return taps
        }
    }

    /// The loss in force for features whose layers have names of the client's own.
    init(_ options: OptionSet, layers known: [String]) throws(ServiceError) {
        self = try Presets.named(in: options).given(layers: known)
        try change(options) { names, option throws(ServiceError) in
            guard names.allSatisfy(known.contains) else {
                let list = known.sorted().joined(separator: ", ")
                throw ServiceError(
                    .unknownLayer,
                    "The option \(option.rawValue) names a layer that is not in the body; the body "
                        + "has \(list).")
            }
            return known
        }
    }

    /// Changes what short options name. `order` gives the names that layers may have, in the order
    /// that the answer lists them.
    private mutating func change(
        _ options: OptionSet,
        order: ([String], OptionName) throws(ServiceError) -> [String]
    ) throws(ServiceError) {
        func layers(_ option: OptionName) throws(ServiceError) -> [LayerWeight]? {
            guard let list = try options.weights(option) else { return nil }
            let order = try order(list.map(\.name), option)
            return order.compactMap { name in
                list.first { $0.name == name }.map { LayerWeight(name, weight: $0.weight) }
            }
        }
        let all = try layers(.layers)
        let style = try layers(.styleLayers) ?? all
        let perceptual = try layers(.perceptualLayers) ?? all
        self = changed(style: style, perceptual: perceptual, gram: try options.choice(.gram))
        maskPolarity = try options.choice(.maskPolarity) ?? maskPolarity
        for item in try options.weights(.termWeights, needsWeight: true) ?? [] {
            guard let index = terms.firstIndex(where: { $0.key == item.name }) else {
                let names = terms.map(\.key).joined(separator: ", ")
                throw ServiceError(
                    .invalidOption,
                    "The option term_weights names no term; the terms are \(names).")
            }
            terms[index].weight = item.weight
        }
    }

    /// The taps of all layers, in the order of the network.
    func taps(of architecture: Architecture) throws(ServiceError) -> [Tap] {
        do {
            return try taps(in: architecture)
        } catch {
            throw ServiceError(error)
        }
    }
}

extension Presets {
    /// The preset a request names, `pconv` when it names none.
    static func named(in options: OptionSet) throws(ServiceError) -> Loss {
        guard let name = try options.text(.preset) else { return all[0] }
        guard let preset = Presets.named(name) else {
            let names = all.map(\.name).joined(separator: ", ")
            throw ServiceError(.unknownPreset, "There is no such preset; the presets are \(names).")
        }
        return preset
    }
}
