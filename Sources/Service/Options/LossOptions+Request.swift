import Inference

extension LossOptions {
    /// The options in force: those of the request over those of its preset.
    init(_ options: OptionSet, architecture: Architecture) throws(ServiceError) {
        self = try Preset.named(in: options).options
        gram = try options.choice(.gram) ?? gram
        maskPolarity = try options.choice(.maskPolarity) ?? maskPolarity
        if let layers = try Self.layers(options, .layers, architecture) {
            (styleLayers, perceptualLayers) = (layers, layers)
        }
        styleLayers = try Self.layers(options, .styleLayers, architecture) ?? styleLayers
        perceptualLayers =
            try Self.layers(options, .perceptualLayers, architecture) ?? perceptualLayers
        termWeights = try options.termWeights(over: termWeights)
    }

    /// Taps with weights in network order.
    static func layers(
        _ options: OptionSet, _ option: OptionName, _ architecture: Architecture
    ) throws(ServiceError) -> [LayerWeight]? {
        guard let list = try options.weights(option) else { return nil }
        var weights: [Tap: Double] = [:]
        let known = VGG.taps(architecture)
        for item in list {
            guard let tap = Tap(item.name), known.contains(tap) else {
                let names = known.map(\.description).joined(separator: ", ")
                throw ServiceError(
                    .unknownLayer,
                    "The option \(option.rawValue) names a layer that \(architecture.rawValue) "
                        + "does not have; "
                        + "the layers are \(names).")
            }
            weights[tap] = item.weight
        }
        return known.compactMap { tap in weights[tap].map { LayerWeight(tap: tap, weight: $0) } }
    }
}

extension FeatureLossOptions {
    /// The options in force for features whose layers have names of the client's own.
    init(_ options: OptionSet, layers known: Set<String>) throws(ServiceError) {
        let preset = try Preset.named(in: options).options
        let layers = try Self.weights(options, .layers, known)
        self.init(
            gram: try options.choice(.gram) ?? preset.gram,
            styleWeights: try Self.weights(options, .styleLayers, known) ?? layers,
            perceptualWeights: try Self.weights(options, .perceptualLayers, known) ?? layers,
            termWeights: try options.termWeights(over: preset.termWeights))
    }

    private static func weights(
        _ options: OptionSet, _ option: OptionName, _ known: Set<String>
    ) throws(ServiceError) -> [String: Double]? {
        guard let list = try options.weights(option) else { return nil }
        guard list.allSatisfy({ known.contains($0.name) }) else {
            let names = known.sorted().joined(separator: ", ")
            throw ServiceError(
                .unknownLayer,
                "The option \(option.rawValue) names a layer that is not in the body; the body "
                    + "has \(names)."
            )
        }
        return Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0.weight) })
    }
}

extension Preset {
    /// The preset a request names, `pconv` when it names none.
    static func named(in options: OptionSet) throws(ServiceError) -> Preset {
        let name = try options.text(.preset) ?? all[0].name
        guard let preset = Preset.named(name) else {
            let names = all.map(\.name).joined(separator: ", ")
            throw ServiceError(.unknownPreset, "There is no such preset; the presets are \(names).")
        }
        return preset
    }
}

extension OptionSet {
    /// The factors of all terms, those given here over those of the preset.
    func termWeights(over weights: [Term: Double]) throws(ServiceError) -> [Term: Double] {
        var weights = weights
        for item in try self.weights(.termWeights, needsWeight: true) ?? [] {
            guard let term = Term(rawValue: item.name) else {
                let names = Term.allCases.map(\.rawValue).joined(separator: ", ")
                throw ServiceError(
                    .invalidOption, "The option term_weights names no term; the terms are \(names)."
                )
            }
            weights[term] = item.weight
        }
        return weights
    }
}
