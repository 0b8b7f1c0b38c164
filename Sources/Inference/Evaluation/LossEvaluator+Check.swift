extension LossEvaluator {
    /// Throws `shapeMismatch` or `imageTooSmall` where the losses are not defined: the parts of a
    /// pair differ in size although a term needs equal sizes, or a tap would be empty.
    public func check(
        pairs: [PairShape], targets: [TargetShape], loss: Loss, precision: Precision? = nil
    ) throws(InferenceError) {
        let terms = try loss.layeredTerms(in: extractor.network.architecture)
        for pair in pairs { try checkKnown(pair, targets, loss, terms, precision) }
        if precision == .difference {
            for pair in pairs {
                for blend in pair.targets.style {
                    try checkEqual(
                        pair.output, targets[blend.target].size,
                        "the precision difference needs equal sizes")
                }
            }
        }
        for pair in pairs {
            if let mask = pair.mask, mask != pair.output {
                throw .shapeMismatch(
                    "the mask is \(mask) and the output \(pair.output); they must be equal")
            }
            let pixelTerms = loss.terms.contains { $0.features == nil && !$0.needsMask }
            if pair.mask != nil || pixelTerms, let target = pair.targets.pixels {
                try checkEqual(
                    pair.output, targets[target].size,
                    pair.mask != nil
                        ? "with a mask they must be equal" : "terms of pixels need equal sizes")
            }
            for term in terms where term.measure.comparesPositions && term.isPresent(in: pair) {
                // Of a target with weights, the one that is weighed.
                let isWeighed = term.subject != .hole && term.measure.isOfMaskedTarget
                let blends = isWeighed ? pair.targets.style : pair.targets.targets(of: term)
                for blend in blends where blend.target < targets.count {
                    try checkEqual(
                        pair.output, targets[blend.target].size,
                        term.measure.statistic.isPairwise
                            ? "feature losses need equal sizes (an empty perceptual_layers "
                                + "switches them off)"
                            : "statistics of patches and of regions need equal sizes")
                }
            }
        }
        let variant = loss.network.variant(extractor.network.architecture)
        for size in pairs.map(\.output) + targets.map(\.size) { try check(size, terms, variant) }
    }

    // Of a target without an image everything that is compared must be known.
    private func checkKnown(
        _ pair: PairShape, _ targets: [TargetShape], _ loss: Loss, _ terms: [LayeredTerm],
        _ precision: Precision?
    ) throws(InferenceError) {
        func isUnseen(_ target: Int?) -> Bool {
            target.map { targets.indices.contains($0) && !targets[$0].hasImage } ?? false
        }
        for term in loss.terms where pair.mask != nil || !term.needsMask {
            let seesPixels = term.features == nil && term.isOfTwoImages || term.subject != .output
            guard seesPixels, isUnseen(pair.targets.pixels) else { continue }
            throw .missingImage(
                "the term \(term.key) compares pixels, and of the target there are statistics alone"
            )
        }
        for term in terms where pair.mask != nil || !loss.terms[term.index].needsMask {
            guard
                !term.measure.weighsPositions
                    || !pair.targets.style.contains(where: { isUnseen($0.target) })
            else {
                throw .missingImage(
                    "the term \(loss.terms[term.index].key) weighs positions by the mask, and of the "
                        + "target there are statistics alone")
            }
            for blend in pair.targets.targets(of: term) where isUnseen(blend.target) {
                guard precision != .difference else {
                    throw .missingImage(
                        "the precision difference needs the image of the target, and there are "
                            + "statistics alone")
                }
                let key = loss.terms[term.index].key
                var needs = TargetNeeds()
                needs.add(term)
                let missing = targets[blend.target].missing(needs)
                guard missing.maps.isEmpty else {
                    throw .missingImage(
                        "the term \(key) compares features position by position, and of the target "
                            + "there are statistics alone")
                }
                let lacking = term.layers.first { missing.summaries[$0.tap] != nil }
                if let lacking {
                    throw .missingImage(
                        "the term \(key) compares layer \(lacking.layer.name), of which the "
                            + "statistics of the target have none")
                }
            }
        }
    }

    private func checkEqual(
        _ output: ImageSize, _ target: ImageSize, _ reason: String
    ) throws(InferenceError) {
        guard output == target else {
            throw .shapeMismatch(
                "the output is \(output) and the target \(target); \(reason)")
        }
    }

    private func check(
        _ size: ImageSize, _ terms: [LayeredTerm], _ variant: NetworkVariant
    ) throws(InferenceError) {
        let needed = terms.flatMap { term in
            term.layers.map {
                ($0.tap, variant.minimumSide(for: $0.tap) * term.measure.leastSide)
            }
        }
        guard let most = needed.max(by: { $0.1 < $1.1 }) else { return }
        guard min(size.height, size.width) >= most.1 else {
            throw .imageTooSmall(minimum: most.1, tap: most.0.description)
        }
    }
}

extension FeatureMeasure {
    /// Whether the statistic is defined on features of a shape.
    func isDefined(on shape: FeatureShape) -> Bool {
        switch statistic {
        case .gram(let gram): min(shape.height, shape.width) >= gram.patch ?? 1
        case .meanDeviation(_, let isUnbiased): shape.positions >= (isUnbiased ? 2 : 1)
        default: true
        }
    }

    /// Whether what is compared belongs to places, so that both sides must have as many.
    var comparesPositions: Bool {
        if case .gram(let gram) = statistic {
            gram.patch != nil || weighsPositions
        } else {
            statistic.isPairwise
        }
    }

    /// Whether the target's statistic depends on the pair's mask.
    var isOfMaskedTarget: Bool { weighsPositions && !statistic.isPairwise }

    /// A height and width of features for which the statistic is surely defined.
    var leastSide: Int {
        switch statistic {
        case .gram(let gram): gram.patch ?? 1
        case .meanDeviation(_, let isUnbiased): isUnbiased ? 2 : 1
        default: 1
        }
    }
}
