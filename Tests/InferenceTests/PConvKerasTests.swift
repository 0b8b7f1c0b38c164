import Inference
import Testing

/// The terms of PConv-Keras on six masked pairs, by its formulas in float64 with the same weights.
struct PConvKerasTests {
    @Test func `each of the seven terms is within 1e-6 on six masked pairs`() throws {
        let cases = try PresetFixtures.all.get().cases.filter {
            $0.preset == "pconv" && $0.masked
        }
        var count = 0
        for golden in cases {
            let loss = try #require(Presets.named("pconv"))
            for (losses, sample) in zip(
                try PresetGoldenTests.evaluate(golden, loss), golden.samples)
            {
                for term in losses.terms {
                    let expected = try #require(sample.terms[term.key]).loss
                    #expect(abs(term.loss / expected - 1) < 1e-6, "\(golden) \(term.key)")
                    count += 1
                }
            }
        }
        #expect(count == 42)
    }
}
