import Inference
import TestSupport
import Testing

/// The slow twins against PyTorch in float64: what judges the fast code is judged itself.
struct ReferenceTests {
    @Test func `the reference walk and losses agree with PyTorch up to pool1`() throws {
        let golden = try #require(
            try Fixtures.goldens.get().embedded.first { $0.name == "16-bit gray" })
        let network = try Fixtures.embedded.get()
        let taps = Set(VGG.taps(.vgg16).prefix(5))
        let output = ReferenceLayers.walk(
            try Fixtures.image(golden.output), through: network, taps: taps)
        let target = ReferenceLayers.walk(
            try Fixtures.image(golden.target), through: network, taps: taps)
        for tap in taps {
            let a = try #require(output[tap])
            let b = try #require(target[tap])
            let style = ReferenceLosses.l1(
                ReferenceLosses.gram(a, .normalized), ReferenceLosses.gram(b, .normalized))
            let perceptual = ReferenceLosses.l1(a.values, b.values)
            // The means of the preprocessing are single precision here and double there.
            #expect(abs(style / (golden.style[tap.description] ?? .nan) - 1) < 1e-6)
            #expect(abs(perceptual / (golden.perceptual[tap.description] ?? .nan) - 1) < 1e-6)
        }
    }

    @Test func `the reference pixel terms agree with NumPy`() throws {
        for golden in try Fixtures.goldens.get().close {
            guard let mask = golden.mask, let terms = golden.terms else { continue }
            let values = ReferenceLosses.pixelTerms(
                output: ReferenceFeatures(try Fixtures.image(golden.output)),
                target: ReferenceFeatures(try Fixtures.image(golden.target)),
                mask: ReferenceFeatures(try Fixtures.image(mask)))
            #expect(abs(values.valid / (terms["pixel_valid"] ?? .nan) - 1) < 1e-13)
            #expect(abs(values.hole / (terms["pixel_hole"] ?? .nan) - 1) < 1e-13)
            #expect(abs(values.tv / (terms["tv"] ?? .nan) - 1) < 1e-13)
        }
    }
}
