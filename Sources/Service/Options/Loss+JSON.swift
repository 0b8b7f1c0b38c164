import Codecs
import Inference

extension Loss {
    /// The options in force, as answers echo them.
    func echo(
        layout: String?, range: String?, hasMask: Bool
    ) -> JSON {
        [
            "gram": JSON(gramKind?.rawValue), "style_layers": layersJSON(isPairwise: false),
            "perceptual_layers": layersJSON(isPairwise: true), "layout": JSON(layout),
            "range": JSON(range), "mask_polarity": hasMask ? .string(maskPolarity.rawValue) : .null,
        ]
    }

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

    // Layers of the first term whose statistic is pairwise, or is not.
    private func layersJSON(isPairwise: Bool) -> JSON {
        let term = terms.first { $0.features?.statistic.isPairwise == isPairwise }
        let layers = term?.features?.layers ?? []
        return .object(layers.map { .init($0.name, .number($0.weight)) })
    }

    /// A preset with all its options spelled out.
    var json: JSON {
        [
            "name": .string(name), "summary": .string(summary),
            "options": [
                "gram": JSON(gramKind?.rawValue), "style_layers": layersJSON(isPairwise: false),
                "perceptual_layers": layersJSON(isPairwise: true),
                "mask_polarity": .string(maskPolarity.rawValue),
                "term_weights": .object(terms.map { .init($0.key, .number($0.weight)) }),
            ],
        ]
    }
}
