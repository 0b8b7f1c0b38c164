import Codecs
import Inference

extension LossChoice {
    /// The options in force, as answers echo them; a definition that was sent stands there whole.
    func echo(layout: String?, range: String?, hasMask: Bool) -> [JSON.Member] {
        var members: [JSON.Member] = [
            .init("gram", JSON(loss.gramKind?.rawValue)),
            .init("style_layers", layers(isPairwise: false)),
            .init("perceptual_layers", layers(isPairwise: true)),
            .init("layout", JSON(layout)), .init("range", JSON(range)),
            .init("mask_polarity", hasMask ? .string(loss.maskPolarity.rawValue) : .null),
            .init("term_weights", .object(weights(hasMask: hasMask))),
        ]
        if let resize = loss.resize {
            members += [
                .init("resize", .string(resize.size.option)),
                .init("resize_filter", .string(resize.filter.rawValue)),
                .init("antialias", .bool(resize.antialiases)),
                .init("enlarge", .bool(resize.enlarges)),
            ]
        }
        if loss.levels > 1 { members.append(.init("pyramid", .integer(loss.levels))) }
        if preset == nil { members.append(.init("loss", loss.json)) }
        return members
    }

    private func weights(hasMask: Bool) -> [JSON.Member] {
        loss.terms.filter {
            (hasMask || !$0.needsMask) && $0.features?.layers.isEmpty != true
        }
        .map { .init($0.key, .number($0.weight)) }
    }

    // Layers of the first term whose statistic is pairwise, or is not.
    private func layers(isPairwise: Bool) -> JSON {
        let term = loss.terms.first { $0.features?.statistic.isPairwise == isPairwise }
        let layers = term?.features?.layers ?? []
        return .object(layers.map { .init($0.name, .number($0.weight)) })
    }
}

extension Loss {
    /// The kind of Gram matrix of the first term that has one; nil when it has no name of its own.
    var gramKind: GramKind? {
        for term in terms {
            guard case .gram(let gram) = term.features?.statistic else { continue }
            return GramKind.allCases.first { kind in
                let named = Gram(kind)
                return (named.normaliser, named.isCentred) == (gram.normaliser, gram.isCentred)
            }
        }
        return nil
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
