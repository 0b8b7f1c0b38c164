import Inference
import Testing

/// Sums of an answer, and the name of what is no number.
struct LossReportTests {
    private func features(_ key: String, weight: Double, _ losses: [(Double, Double)]) -> TermLoss {
        let layers = losses.indices.map { LayerWeight("pool\($0 + 1)", weight: losses[$0].0) }
        let term = Term(key, weight: weight, .features(FeatureMeasure(layers, .features, .l1)))
        return TermLoss(term, zip(layers, losses).map { ($0, $1.1) })
    }

    private func pixels(_ key: String, weight: Double, _ loss: Double) -> TermLoss {
        TermLoss(Term(key, weight: weight, .pixels(PixelMeasure(.l1))), loss: loss)
    }

    @Test func `a term adds its layers, and the total its terms, each with a weight`() {
        let losses = PairLosses([
            features("style", weight: 3, [(1, 2), (0.5, 8)]), pixels("pixel", weight: -1, 5),
        ])
        #expect(losses.terms.map(\.loss) == [6, 5])
        #expect(losses.total == 13)
        #expect(losses.terms[0].layers?.map(\.name) == ["pool1", "pool2"])
        #expect(losses.terms[0].layers?.map(\.loss) == [2, 8])
        #expect(losses.terms[1].layers == nil)
        #expect(losses.firstNonFinite == nil)
    }

    @Test func `the first number that is none is named`() {
        let nan = Double.nan
        let cases: [([TermLoss], String)] = [
            ([features("style", weight: 1, [(1, 2), (0, nan)])], "style.pool2"),
            ([pixels("tv", weight: 0, .infinity)], "tv"),
            ([pixels("a", weight: 1, 1), features("b", weight: 1, [(1, -.infinity)])], "b.pool1"),
            // Each is finite, and their sum is not.
            ([features("style", weight: 1, [(1, 1.5e308), (1, 1.5e308)])], "style"),
            (
                [pixels("a", weight: 1, 1.5e308), pixels("b", weight: 1, 1.5e308)], "total"
            ),
        ]
        for (terms, name) in cases { #expect(PairLosses(terms).firstNonFinite == name) }
    }
}
