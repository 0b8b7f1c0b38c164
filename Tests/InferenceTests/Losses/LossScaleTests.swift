import Inference
import Testing

/// Weights of terms for a network that is fed with larger or smaller numbers.
struct LossScaleTests {
    private static let layers = [LayerWeight("pool1")]
    /// A measure, and the power of the input's scale that it grows by.
    private static let measures: [(Measure, Double)] = [
        (.features(FeatureMeasure(layers, .features, .l1)), 1),
        (.features(FeatureMeasure(layers, .features, .squared)), 2),
        (.features(FeatureMeasure(layers, .gram(Gram(.elements)), .l1)), 2),
        (.features(FeatureMeasure(layers, .gram(Gram(.elements)), .squared)), 4),
        (.features(FeatureMeasure(layers, .gram(Gram(.deviations, isCentred: true)), .l1)), 0),
        (.features(FeatureMeasure(layers, .mean, .squared)), 2),
        (.pixels(PixelMeasure(.squared)), 0), (.pixels(PixelMeasure(.squared, unit: .input)), 2),
        (.variation(VariationMeasure(.gradient(power: 1.25))), 0),
        (.variation(VariationMeasure(.gradient(power: 1.25), unit: .input)), 2.5),
        (.variation(VariationMeasure(.neighbours(.l1), unit: .input)), 1),
        (.variation(VariationMeasure(.ninePoint, unit: .input)), 2),
    ]

    private func loss(
        _ network: LossNetwork, input: Preprocessing? = nil, inputScale: Double? = nil
    ) -> Loss {
        Loss(
            name: "x", summary: "", citation: "", network: network, input: input,
            inputScale: inputScale,
            terms: Self.measures.enumerated().map { number, measure in
                Term("t\(number)", weight: 6, gradientWeight: 3, measure.0)
            })
    }

    // 255 against 3/(0.229 + 0.224 + 0.225).
    @Test func `a term of degree n is divided by the n-th power of the scale`() throws {
        let loss = loss(LossNetwork(nil, .torchvision))
        let (rescaled, scale) = try #require(loss.rescaled(for: .caffe))
        #expect(abs(scale - 255 * 0.678 / 3) < 1e-12)
        for ((_, degree), term) in zip(Self.measures, rescaled.terms) {
            var divisor = degree == 2.5 ? scale.squareRoot() : 1
            for _ in 0..<Int(degree) { divisor *= scale }
            #expect(abs(term.weight / (6 / divisor) - 1) < 1e-14, "\(term.key)")
            #expect(abs((term.gradientWeight ?? 0) / (3 / divisor) - 1) < 1e-14, "\(term.key)")
        }
    }

    @Test func `nothing is done where the loss says its input, or nothing`() {
        #expect(loss(LossNetwork(nil, .caffe)).rescaled(for: .caffe) == nil)
        #expect(loss(LossNetwork()).rescaled(for: .caffe) == nil)
        #expect(loss(LossNetwork(nil, .torchvision), input: .caffe).rescaled(for: .caffe) == nil)
        #expect(loss(LossNetwork(), inputScale: 255).rescaled(for: .caffe) == nil)
        #expect(loss(LossNetwork(), inputScale: 51).rescaled(for: .caffe)?.scale == 5)
    }
}
