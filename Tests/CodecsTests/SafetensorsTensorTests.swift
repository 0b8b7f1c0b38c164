import Codecs
import Foundation
import Testing

struct SafetensorsTensorTests {
    @Test func `tensors of several types come back as they were`() throws {
        let file = SafetensorsFile.encode(
            [
                SafetensorsTensor("total", shape: [2], float64: [1.5, -1e300]),
                SafetensorsTensor(
                    "gradient", shape: [3, 1], [.float32([0.25, -2]), .float32([3e-30])]),
                SafetensorsTensor("json", bytes: Array("{}".utf8)),
            ], metadata: ["answer": "{}"], checking: {})
        let parsed = try SafetensorsFile.parse(file.span)
        let total = try #require(parsed["total"])
        #expect(total.elementType == .float64)
        #expect(try Elements.float64(total, of: file.span) == [1.5, -1e300])
        let gradient = try #require(parsed["gradient"])
        #expect(gradient.shape == [3, 1])
        #expect(try Elements.float32(gradient, of: file.span) == [0.25, -2, 3e-30])
        let json = try #require(parsed["json"])
        #expect(json.elementType == .uint8)
        #expect(Array(file[json.byteRange]) == Array("{}".utf8))
        #expect(total.byteRange.lowerBound % 8 == 0)
    }

    // Every half, and the singles half way to the next and on both sides of that.
    @Test func `a half is the nearest, ties to even`() {
        for bits in UInt16(0)..<0x7C00 {
            let half = Float(Float16(bitPattern: bits))
            let next = bits == 0x7BFF ? Float(65536) : Float(Float16(bitPattern: bits + 1))
            let between = (half + next) / 2
            for value in [half, between.nextDown, between, between.nextUp]
            where value < 65520 {
                #expect(HalfPrecision.bits(value) == Float16(value).bitPattern)
                #expect(HalfPrecision.bits(-value) == Float16(-value).bitPattern)
            }
        }
    }

    @Test(arguments: [1e-300, 0x1p-149, 1.0, 1e6, 0x1.fffffep127])
    func `the scale of halves brings the largest to their last binades`(largest: Double) {
        let scale = HalfPrecision.scale(largest: largest)
        #expect((0x1p14..<0x1p15).contains(largest / scale))
        #expect(scale.significand == 1)
        #expect(HalfPrecision.scale(largest: 0) == 1)
        #expect(HalfPrecision.scale(largest: 0x1p-1074) == Double.leastNormalMagnitude)
    }

    @Test func `base64 is what Foundation writes`() throws {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 97 + 250) }
            #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
            #expect(try Base64.decode(Array(Base64.encode(bytes).utf8).span) == bytes)
        }
    }
}
