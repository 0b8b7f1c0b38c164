import Inference

/// The targets of a request, by the terms that they serve: style from one image beside content from
/// another is one request.
struct LossTargets: Sendable {
    /// The parts of a body.
    enum Role: String, CaseIterable, Sendable {
        /// Serves the terms that have none of their own.
        case all = "target"
        /// Serves the terms that compare summaries.
        case style = "style_target"
        /// Serves the terms that compare features position by position.
        case perceptual = "perceptual_target"
    }

    /// The targets of one part, and what is needed of each of them.
    struct Part: Sendable {
        let role: Role
        let target: LossTarget
        let needs: TargetNeeds
        /// Where its targets begin among all.
        let start: Int

        /// The index of a pair's target: one for all, or one each.
        func index(_ pair: Int) -> Int { start + (target.count == 1 ? 0 : pair) }
    }

    let parts: [Part]
    /// The layout and range in force, for the answer.
    let arrays: ArrayOptions
    // Shares of the style targets, which add up to 1; nil unless they are blended.
    private let shares: [Double]?

    /// - Throws: `missing_input` when a term has no target.
    init(
        _ submission: Submission, _ options: OptionSet, _ choice: LossChoice,
        _ network: Network, hasMask: Bool, outputs: Int, _ cache: TargetCache,
        _ configuration: Configuration
    ) throws(ServiceError) {
        var arrays = try ArrayOptions(options)
        var found: [Role: LossTarget] = [:]
        for role in Role.allCases {
            guard
                let target = try LossTarget(
                    role.rawValue, submission, arrays, cache, configuration)
            else { continue }
            found[role] = target
            arrays = target.arrays
        }
        self.arrays = arrays
        shares = try Self.shares(options, found[.style])
        var parts: [Part] = []
        for role in Role.allCases {
            guard let target = found[role] else { continue }
            let needs: TargetNeeds
            do {
                needs = try TargetNeeds(
                    choice.loss, network.architecture,
                    style: role == .style || role == .all && found[.style] == nil,
                    perceptual: role == .perceptual || role == .all && found[.perceptual] == nil)
            } catch {
                throw ServiceError(error)
            }
            parts.append(
                Part(
                    role: role, target: target, needs: needs,
                    start: parts.reduce(0) { $0 + $1.target.count }))
        }
        self.parts = parts
        try checkPresence(choice.loss, hasMask: hasMask)
        try checkCounts(outputs)
        for part in parts {
            for given in part.target.statistics {
                try given.check(choice.loss, network, as: part.role, part.needs, hasMask: hasMask)
            }
        }
    }

    /// The targets that are images, part after part.
    var lists: [ImageList] { parts.map(\.target.images) }

    /// The targets of a pair.
    func choice(ofPair pair: Int) -> TargetChoice {
        func index(_ role: Role) -> Int? { parts.first { $0.role == role }?.index(pair) }
        var style: [TargetChoice.Blend] = []
        if let shares, let part = parts.first(where: { $0.role == .style }) {
            style = shares.enumerated().map {
                TargetChoice.Blend(target: part.start + $0, weight: $1)
            }
        } else if let target = index(.style) ?? index(.all) {
            style = [TargetChoice.Blend(target: target, weight: 1)]
        }
        return TargetChoice(
            pixels: index(.all), perceptual: index(.perceptual) ?? index(.all), style: style)
    }

    private static func shares(
        _ options: OptionSet, _ style: LossTarget?
    ) throws(ServiceError) -> [Double]? {
        guard let weights = try options.numbers(.targetWeights) else { return nil }
        guard let style else {
            throw ServiceError(
                .invalidOption,
                "The option target_weights blends the targets sent as style_target; there are none."
            )
        }
        let total = weights.reduce(0, +)
        guard weights.count == style.count, total.isFinite, total > 0,
            weights.allSatisfy({ $0 >= 0 })
        else {
            throw ServiceError(
                .invalidOption,
                "The option target_weights must be \(style.count) numbers from 0 on, one a "
                    + "style_target, and not all 0.")
        }
        return weights.map { $0 / total }
    }

    private func checkPresence(_ loss: Loss, hasMask: Bool) throws(ServiceError) {
        let roles = Set(parts.map(\.role))
        guard !roles.isEmpty else {
            throw ServiceError(.missingInput, "There is no target; send one, or target_ref.")
        }
        var served: Set<Role> = []
        for term in loss.terms where hasMask || !term.needsMask {
            var own: Role?
            if let measure = term.features {
                guard !measure.layers.isEmpty else { continue }
                own = measure.statistic.isPairwise ? .perceptual : .style
            }
            if let own, term.subject == .output, roles.contains(own) {
                served.insert(own)
                continue
            }
            if let own, roles.contains(own) { served.insert(own) }
            guard roles.contains(.all) || !term.isOfTwoImages else {
                throw ServiceError(
                    .missingInput, "The term \(term.key) has no target; send one as target.")
            }
        }
        if let idle = roles.subtracting(served).first(where: { $0 != .all }) {
            throw ServiceError(
                .badRequest,
                "There is a \(idle.rawValue), and the loss has no term that it could serve; leave it "
                    + "out.")
        }
    }

    private func checkCounts(_ outputs: Int) throws(ServiceError) {
        for part in parts where part.role != .style || shares == nil {
            let count = part.target.count
            guard count == 1 || count == outputs else {
                throw ServiceError(
                    .shapeMismatch,
                    "There are \(outputs) outputs and \(count) targets; send one target or as many."
                )
            }
        }
    }
}
