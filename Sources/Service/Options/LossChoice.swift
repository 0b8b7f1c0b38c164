import Codecs
import Inference

/// The loss that a request asks for: a preset or a definition of its own, changed by its short
/// options.
struct LossChoice: Sendable {
    /// What is computed.
    let loss: Loss
    /// The preset that it is, unless it was sent.
    let preset: String?
    /// The short options that changed it.
    let changed: [OptionName]
    /// What its sender may not know about the number.
    let warnings: [Warning]

    /// For images, on a network of the loss's architecture.
    /// - Parameters:
    ///   - definition: what the options name or send, as `chosen` has it.
    ///   - hasMask: whether terms that need a mask are there.
    init(
        _ definition: (loss: Loss, preset: String?), _ options: OptionSet, _ network: Network,
        hasMask: Bool
    ) throws(ServiceError) {
        let (chosen, preset) = definition
        var warnings = try Self.checkFamily(chosen, network, options)
        var loss = chosen
        if let (rescaled, scale) = chosen.rescaled(for: network.preprocessing) {
            loss = rescaled
            warnings.append(.rescaledWeights(scale))
        }
        let names = LayerNames(architecture: network.architecture)
        let known = names.all
        for (index, term) in loss.terms.enumerated() where preset == nil {
            let layers = term.features?.layers ?? []
            if let stranger = layers.first(where: { !known.contains($0.name) }) {
                throw names.unknown(stranger.name, in: "loss.terms[\(index)].layers")
            }
        }
        let changed = try loss.change(options) { name, option throws(ServiceError) in
            guard known.contains(name) else { throw names.unknown(name, in: option.rawValue) }
        } order: {
            known
        }
        let sizes = try loss.changeSizes(options)
        let absent = loss.terms.filter { $0.needsMask && !hasMask }.map(\.key)
        try Self.check(loss, options, absent: absent)
        if !absent.isEmpty { warnings.append(.absentTerms(absent)) }
        (self.loss, self.preset, self.warnings) = (loss, preset, warnings)
        self.changed = changed + sizes
    }

    /// For features whose layers have names of the client's own.
    init(_ options: OptionSet, layers known: [String]) throws(ServiceError) {
        let (chosen, preset) = try Self.chosen(options)
        if let term = chosen.terms.first(where: { $0.features?.weighsPositions ?? false }) {
            throw ServiceError(
                .invalidOption,
                "The term \(term.key) weighs positions by a mask, and features are given without one; "
                    + "leave its region out.")
        }
        var loss = chosen.given(layers: known)
        let names = Set(known)
        let changed = try loss.change(options) { name, option throws(ServiceError) in
            guard names.contains(name) else {
                throw ServiceError(
                    .unknownLayer,
                    "The option \(option.rawValue) names \(Excerpt.quoted(name)), a layer that is not "
                        + "in the body; the body has "
                        + "\(known.sorted().prefix(32).joined(separator: ", ")).")
            }
        } order: {
            known
        }
        try Self.check(loss, options, absent: [])
        (self.loss, self.preset, self.changed, self.warnings) = (loss, preset, changed, [])
    }

    /// The definition that a request names or sends, as it stands.
    static func chosen(
        _ options: OptionSet
    ) throws(ServiceError) -> (loss: Loss, preset: String?) {
        if let json = try options.json(.loss) {
            guard try options.text(.preset) == nil else {
                throw ServiceError(
                    .invalidOption,
                    "The options loss and preset contradict each other; send one of them.")
            }
            return (try Loss.read(json), nil)
        }
        guard let name = try options.text(.preset) else {
            return (Presets.all[0], Presets.all[0].name)
        }
        guard let preset = Presets.named(name) else {
            let names = Presets.all.map(\.name)
            throw ServiceError(
                .unknownPreset,
                "There is no preset \(Excerpt.quoted(name))"
                    + "\(Excerpt.suggestion(name, of: names)); the presets are "
                    + "\(names.joined(separator: ", ")).")
        }
        return (preset, name)
    }

    // Other weights give other numbers, and learned factors of their channels mean nothing.
    private static func checkFamily(
        _ loss: Loss, _ network: Network, _ options: OptionSet
    ) throws(ServiceError) -> [Warning] {
        let isAllowed = try options.flag(.anyWeights)
        if loss.usesLearnedWeights, network.family != .torchvision {
            guard isAllowed else {
                throw ServiceError(
                    .weightsMismatch,
                    "The learned factors of the loss \(loss.name) were fitted to torchvision's VGG-16, "
                        + "and the weights of \(network.name) are others; start the server with "
                        + "--weights FILE, the file with torchvision's, or insist with "
                        + "any_weights=true.")
            }
            return [.weightsMismatch(loss, network)]
        }
        guard let weights = loss.network.weights, weights != network.family else { return [] }
        return [.otherWeights(loss, weights, network)]
    }

    private static func check(
        _ loss: Loss, _ options: OptionSet, absent: [String]
    ) throws(ServiceError) {
        let present = loss.terms.filter {
            !absent.contains($0.key) && $0.features?.layers.isEmpty != true
        }
        guard !present.isEmpty else {
            throw ServiceError(
                .invalidOption,
                "The loss has no term left; name one or more layers"
                    + (absent.isEmpty ? "." : ", or send a mask for its other terms."))
        }
        for item in try options.weights(.termWeights, needsWeight: true) ?? [] {
            if absent.contains(item.name) {
                throw ServiceError(
                    .invalidOption,
                    "The option term_weights names \(item.name), which needs a mask; send one, or "
                        + "leave the weight out.")
            }
            guard present.contains(where: { $0.key == item.name }) else {
                throw ServiceError(
                    .invalidOption,
                    "The option term_weights names \(item.name), which is switched off; leave the "
                        + "weight out.")
            }
        }
    }
}

extension Loss {
    /// Changes what short options name, and says which they were. `check` refuses a layer that may not
    /// be named, `order` gives those that may, in the order of the answer.
    fileprivate mutating func change(
        _ options: OptionSet, check: (String, OptionName) throws(ServiceError) -> Void,
        order: () -> [String]
    ) throws(ServiceError) -> [OptionName] {
        var changed: [OptionName] = []
        var lists: [OptionName: [LayerWeight]] = [:]
        for option in [OptionName.layers, .styleLayers, .perceptualLayers] {
            guard let list = try options.weights(option) else { continue }
            for item in list { try check(item.name, option) }
            let weights = Dictionary(
                list.map { ($0.name, $0.weight) }, uniquingKeysWith: { first, _ in first })
            lists[option] = order().compactMap { name in
                weights[name].map { LayerWeight(name, weight: $0) }
            }
            changed.append(option)
            try require(option)
        }
        let gram: GramKind? = try options.choice(.gram)
        if gram != nil {
            changed.append(.gram)
            try require(.gram)
            try requirePlain(gram)
        }
        self = self.changed(
            style: lists[.styleLayers] ?? lists[.layers],
            perceptual: lists[.perceptualLayers] ?? lists[.layers], gram: gram)
        if let polarity: MaskPolarity = try options.choice(.maskPolarity) {
            maskPolarity = polarity
            changed.append(.maskPolarity)
        }
        for item in try options.weights(.termWeights, needsWeight: true) ?? [] {
            guard let index = terms.firstIndex(where: { $0.key == item.name }) else {
                let names = terms.map(\.key)
                throw ServiceError(
                    .invalidOption,
                    "The option term_weights names \(Excerpt.quoted(item.name)), which is no term"
                        + "\(Excerpt.suggestion(item.name, of: names)); the terms are "
                        + "\(names.joined(separator: ", ")).")
            }
            (terms[index].weight, terms[index].gradientWeight) = (item.weight, nil)
            if !changed.contains(.termWeights) { changed.append(.termWeights) }
        }
        return changed
    }

    // Matrices of patches or of a region are not centred, in a definition as little as here.
    private func requirePlain(_ kind: GramKind?) throws(ServiceError) {
        guard let kind, Gram(kind).isCentred else { return }
        let obstacle = terms.compactMap(\.features).lazy.compactMap { measure -> String? in
            guard case .gram(let gram) = measure.statistic else { return nil }
            if gram.patch != nil { return "patches" }
            return measure.weighsPositions ? "regions" : nil
        }
        .first
        guard let obstacle else { return }
        throw ServiceError(
            .invalidOption,
            "The option gram may not be \(kind.rawValue) in the loss \(name): its matrices are of "
                + "\(obstacle), which are not centred.")
    }

    // A short option is refused where the loss has nothing that it could change.
    private func require(_ option: OptionName) throws(ServiceError) {
        let has = terms.compactMap(\.features).contains { measure in
            switch option {
            case .styleLayers: !measure.statistic.isPairwise
            case .perceptualLayers: measure.statistic.isPairwise
            case .gram: if case .gram = measure.statistic { true } else { false }
            default: true
            }
        }
        guard has else {
            throw ServiceError(
                .invalidOption,
                "The option \(option.rawValue) has nothing to change in the loss \(name); leave it "
                    + "out.")
        }
    }
}

extension Warning {
    static func otherWeights(
        _ loss: Loss, _ weights: LossNetwork.Weights, _ network: Network
    ) -> Warning {
        Warning(
            code: "other_weights",
            detail: "The loss \(loss.name) is defined on the weights of \(weights.rawValue); those "
                + "loaded are \(network.preprocessing.name), and give other numbers.")
    }

    static func weightsMismatch(_ loss: Loss, _ network: Network) -> Warning {
        Warning(
            code: "weights_mismatch",
            detail:
                "The learned factors of the loss \(loss.name) were fitted to torchvision's VGG-16; "
                + "on the weights of \(network.name) its number is no \(loss.name).")
    }

    static func rescaledWeights(_ scale: Double) -> Warning {
        Warning(
            code: "rescaled_weights",
            detail:
                "The network is fed with numbers \(scale) times as large as the loss was defined "
                + "for; weights of terms are divided by that, once for each degree in the features."
        )
    }

    static func absentTerms(_ keys: [String]) -> Warning {
        Warning(
            code: "absent_terms",
            detail: "The total is without the terms that need a mask: "
                + "\(keys.joined(separator: ", ")).")
    }
}
