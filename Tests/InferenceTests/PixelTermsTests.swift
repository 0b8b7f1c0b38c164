import Inference
import TestSupport
import Testing

struct PixelTermsTests {
    /// The three terms of `pconv` that need no network.
    private struct Terms {
        let valid: Double
        let hole: Double
        let tv: Double

        init(output: Image, target: Image, mask: Mask) throws {
            let losses = try PixelLosses(
                Presets.all[0], Pair(output: output, target: 0, mask: mask), target: target,
                input: .caffe)
            valid = losses.values[0] ?? .nan
            hole = losses.values[1] ?? .nan
            tv = losses.values[6] ?? .nan
        }
    }

    private func mask(_ samples: [UInt8], width: Int, channels: Int = 1) throws -> Mask {
        let height = samples.count / width / channels
        let image = Image(width: width, height: height, channels: channels, uint8: samples)
        return try #require(Mask(image, polarity: .valid))
    }

    private func gray(_ samples: [UInt8], width: Int) -> Image {
        Image(width: width, height: samples.count / width, channels: 1, uint8: samples)
    }

    // 1 × 4 pixels: output 255, target 0, hole at the last pixel. Composite 0 0 0 255, D covers the
    // last two, so P steps once; the row has 3 steps a channel.
    @Test func `the terms of one row are as counted by hand`() throws {
        let terms = try Terms(
            output: gray([255, 255, 255, 255], width: 4), target: gray([0, 0, 0, 0], width: 4),
            mask: try mask([255, 255, 255, 0], width: 4))
        #expect(terms.valid == 3 / 4.0)
        #expect(terms.hole == 1 / 4.0)
        #expect(terms.tv == 1 / 3.0)
    }

    // The composite is white everywhere. The hole is the first of 5 rows, so D is the first two, and
    // P falls from 1 to 0 at its border: one of 4 vertical steps, which counts.
    @Test func `the step at the border of the dilated hole counts`() throws {
        let white = gray([UInt8](repeating: 255, count: 10), width: 2)
        let terms = try Terms(
            output: white, target: white,
            mask: try mask([0, 0] + [UInt8](repeating: 255, count: 8), width: 2))
        #expect(terms.valid == 0 && terms.hole == 0)
        #expect(terms.tv == 1 / 4.0)
    }

    @Test func `a hole in one channel dilates in all`() throws {
        let white = gray([UInt8](repeating: 255, count: 4), width: 4)
        let full = [UInt8](repeating: 255, count: 9)
        let one = try mask([255, 0, 255] + full, width: 4, channels: 3)
        let all = try mask([0, 255, 255, 255], width: 4)
        #expect(
            try Terms(output: white, target: white, mask: one).tv
                == Terms(output: white, target: white, mask: all).tv)
    }

    @Test func `without a hole only the valid term remains`() throws {
        let output = TestNetworks.image(width: 7, height: 5, seed: 1)
        let target = TestNetworks.image(width: 7, height: 5, seed: 2)
        let terms = try Terms(
            output: output, target: target,
            mask: try mask([UInt8](repeating: 255, count: 35), width: 7))
        #expect(terms.valid > 0 && terms.hole == 0 && terms.tv == 0)
    }

    @Test func `one pixel has no steps`() throws {
        let pixel = gray([200], width: 1)
        let terms = try Terms(output: pixel, target: pixel, mask: try mask([0], width: 1))
        #expect(terms.tv == 0)
    }

    // The smallest 16-bit step is a quarter of what single precision resolves near 1 to 1e-5.
    @Test func `one step of one 16-bit sample is exact`() throws {
        let white = [UInt16](repeating: 65535, count: 4)
        let output = Image(width: 4, height: 1, channels: 1, uint16: [65534] + white.dropFirst())
        let target = Image(width: 4, height: 1, channels: 1, uint16: white)
        let terms = try Terms(
            output: output, target: target, mask: try mask([255, 255, 255, 255], width: 4))
        #expect(abs(terms.valid * 4 * 65535 - 1) < 1e-10)
    }

    @Test(arguments: [(1, 9), (9, 1), (2, 2), (13, 17), (64, 3)])
    func `streamed terms equal the formulas`(width: Int, height: Int) throws {
        let output = TestNetworks.image(width: width, height: height, seed: 1)
        let target = TestNetworks.image(width: width, height: height, seed: 2)
        for channels in [1, 3] {
            let noise = TestNetworks.noise(count: width * height * channels, seed: 3)
            // A third holes, a third valid, a third fractions.
            let samples = noise.map { $0 < 85 ? 0 : $0 > 170 ? 255 : $0 }
            let sparse = noise.map { $0 < 8 ? UInt8(0) : 255 }
            for samples in [samples, sparse] {
                let image = Image(
                    width: width, height: height, channels: channels, uint8: samples)
                let terms = try Terms(
                    output: output, target: target,
                    mask: try mask(samples, width: width, channels: channels))
                let expected = ReferenceLosses.pixelTerms(
                    output: ReferenceFeatures(output), target: ReferenceFeatures(target),
                    mask: ReferenceFeatures(image))
                #expect(abs(terms.valid - expected.valid) < 1e-14)
                #expect(abs(terms.hole - expected.hole) < 1e-14)
                #expect(abs(terms.tv - expected.tv) < 1e-14)
            }
        }
    }
}
