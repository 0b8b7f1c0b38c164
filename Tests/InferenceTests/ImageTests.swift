import Inference
import TestSupport
import Testing

struct ImageTests {
    private func rows(_ image: Image) -> [[Float]] {
        (0..<image.height).map { y in
            var row = [Float](repeating: -1, count: 3 * image.width)
            row.withUnsafeMutableBufferPointer { image.readRow(y, into: $0) }
            return row
        }
    }

    private func exactRows(_ image: Image) -> [[Double]] {
        (0..<image.height).map { y in
            var row = [Double](repeating: -1, count: 3 * image.width)
            row.withUnsafeMutableBufferPointer { image.readRow(y, into: $0) }
            return row
        }
    }

    @Test func `every 8-bit sample is sample over 255, correctly rounded`() {
        let image = Image(width: 256, height: 1, channels: 1, uint8: Array(0...255))
        let expected = (0...255).flatMap { Array(repeating: Float($0) / 255, count: 3) }
        #expect(rows(image) == [expected])
        #expect(exactRows(image)[0][300] == 100.0 / 255)
    }

    @Test func `16-bit samples keep their precision`() {
        let image = Image(
            width: 2, height: 1, channels: 3, uint16: [0, 1, 256, 32767, 65534, 65535])
        #expect(exactRows(image) == [[0, 1, 256, 32767, 65534, 65535].map { $0 / 65535 }])
        #expect(rows(image)[0][5] == 1)
    }

    @Test(arguments: [
        (SampleRange.zeroToOne, [0, 0.25, 1]), (.zeroTo255, [0, 63.75, 255]),
        (.minusOneToOne, [-1, -0.5, 1]),
    ])
    func `a declared range is mapped linearly`(range: SampleRange, samples: [Float]) {
        let image = Image(width: 3, height: 1, channels: 1, float32: samples, range: range)
        #expect(rows(image) == [[0, 0, 0, 0.25, 0.25, 0.25, 1, 1, 1]])
    }

    // (H, W, C) = (2, 2, C) with samples 0, 1, 2, … from index 5 of a shared array.
    @Test(arguments: [1, 3, 4])
    func `interleaved and planar samples of a shared array give the same rows`(channels: Int) {
        let before = [UInt8](repeating: 99, count: 5)
        let interleaved: [UInt8] = before + Array(0..<UInt8(4 * channels)) + [99]
        let planes = (0..<4 * channels).map { UInt8($0 % 4 * channels + $0 / 4) }
        let planar: [UInt8] = before + planes + [99]
        let expected: [[Float]] = (0..<2).map { y in
            (0..<6).map { i -> Float in
                let first = (2 * y + i / 3) * channels
                return Float(channels == 1 ? first : first + i % 3) / 255
            }
        }
        for (samples, layout) in [(interleaved, ChannelLayout.interleaved), (planar, .planar)] {
            let image = Image(
                width: 2, height: 2, channels: channels, layout: layout, uint8: samples, start: 5)
            #expect(rows(image) == expected)
            #expect(rows(image.detached()) == expected)
            #expect(image.detached().sampleBytes == 4 * channels)
            let wide = Image(
                width: 2, height: 2, channels: channels, layout: layout,
                uint16: samples.map { UInt16($0) * 257 }, start: 5)
            #expect(rows(wide) == expected)
            let float = Image(
                width: 2, height: 2, channels: channels, layout: layout,
                float32: samples.map(Float.init), range: .zeroTo255, start: 5)
            #expect(rows(float) == expected)
        }
    }

    // Rows longer and shorter than the chunks that composites are computed in.
    @Test(arguments: [1, 13, 14, 15, 97])
    func `a composite is target where valid and output in the hole`(width: Int) throws {
        let output = TestNetworks.image(width: width, height: 3, seed: 1)
        let target = TestNetworks.image(width: width, height: 3, seed: 2)
        let fractions = TestNetworks.noise(count: 3 * width, seed: 3)
        let mask = try #require(
            Mask(
                Image(width: width, height: 3, channels: 1, uint8: fractions), polarity: .valid))
        let composite = Image.composite(output: output, target: target, mask: mask)
        let (outputs, targets) = (exactRows(output), exactRows(target))
        #expect(rows(composite) == exactRows(composite).map { $0.map { Float($0) } })
        for (y, row) in exactRows(composite).enumerated() {
            for (i, value) in row.enumerated() {
                let m = Double(fractions[y * width + i / 3]) / 255
                #expect(value == m * targets[y][i] + (1 - m) * outputs[y][i])
            }
        }
    }

    @Test func `a composite equals target and output exactly where the mask is 1 and 0`() throws {
        let output = TestNetworks.image(width: 9, height: 2, seed: 1)
        let target = TestNetworks.image(width: 9, height: 2, seed: 2)
        for (fraction, polarity, expected) in [
            (UInt8(255), MaskPolarity.valid, target), (0, .valid, output), (255, .hole, output),
        ] {
            let samples = [UInt8](repeating: fraction, count: 18)
            let mask = try #require(
                Mask(Image(width: 9, height: 2, channels: 1, uint8: samples), polarity: polarity))
            let composite = Image.composite(output: output, target: target, mask: mask)
            #expect(rows(composite) == rows(expected))
            #expect(rows(composite.detached()) == rows(expected))
        }
    }

    @Test func `a mask has one or three channels, and either polarity`() throws {
        let rgba = Image(width: 1, height: 1, channels: 4, uint8: [1, 2, 3, 4])
        #expect(Mask(rgba, polarity: .valid) == nil)
        let rgb = Image(width: 1, height: 1, channels: 3, uint8: [0, 51, 255])
        for (polarity, expected) in [
            (MaskPolarity.valid, [0, 0.2, 1]), (.hole, [1, 0.8, 0]),
        ] {
            let mask = try #require(Mask(rgb, polarity: polarity))
            var row = [Double](repeating: -1, count: 3)
            row.withUnsafeMutableBufferPointer { mask.readRow(0, into: $0) }
            #expect(row == expected)
        }
    }
}

struct SampleRangeTests {
    @Test(arguments: [
        (SampleRange.zeroToOne, Float(0), Float(1)), (.zeroTo255, 0, 255), (.minusOneToOne, -1, 1),
    ])
    func `both ends of a range belong to it`(range: SampleRange, least: Float, greatest: Float) {
        #expect(range.firstViolation(in: [least, greatest, -0.0]) == nil)
        for bad in [least.nextDown, greatest.nextUp, .nan, .infinity, -.infinity] {
            #expect(range.firstViolation(in: [least, greatest, bad, bad]) == 2)
        }
        #expect(range.firstViolation(in: []) == nil)
    }

    @Test func `a violation's index is that of the array sliced`() {
        let samples: [Float] = [9, 9, 0.5, 2]
        #expect(SampleRange.zeroToOne.firstViolation(in: samples[2...]) == 3)
    }
}
