/// A term with layers, which are taps of a network.
package struct LayeredTerm {
    /// The position among the loss's terms.
    package let index: Int
    package let subject: Subject
    package let measure: FeatureMeasure
    package let layers: [(tap: Tap, layer: LayerWeight)]

    /// Whether a pair has the term: without a mask not those that need one.
    func isPresent(in pair: PairShape) -> Bool {
        pair.mask != nil || subject == .output && !measure.weighsPositions
    }
}

extension Loss {
    /// The terms with layers, in order.
    /// - Throws: `unknownLayer` for a layer that the architecture does not have, `unlearnedLayer` for one
    ///   that its learned weights were not fitted at.
    package func layeredTerms(in architecture: Architecture) throws(InferenceError) -> [LayeredTerm]
    {
        var layered: [LayeredTerm] = []
        for (index, term) in terms.enumerated() {
            guard let measure = term.features, !measure.layers.isEmpty else { continue }
            var layers: [(tap: Tap, layer: LayerWeight)] = []
            for layer in measure.layers {
                guard let tap = Tap(layer.name), VGG.position(of: tap, in: architecture) != nil
                else { throw .unknownLayer(layer.name) }
                if let learned = measure.learned, learned.channels(at: layer.name) == nil {
                    throw .unlearnedLayer(layer.name, learned)
                }
                layers.append((tap, layer))
            }
            layered.append(
                LayeredTerm(
                    index: index, subject: term.subject, measure: measure, layers: layers))
        }
        return layered
    }
}

extension NetworkVariant {
    /// The shape of the features of an image at a tap.
    package func features(of size: ImageSize, at tap: Tap) -> FeatureShape {
        let shape = shape(of: tap, height: size.height, width: size.width)
        return FeatureShape(channels: shape.channels, height: shape.height, width: shape.width)
    }
}
