import Codecs
import TestSupport
import Testing

/// Colour type and depth: the fifteen rows of PNG's table 12.
struct PNGKind: Sendable, CustomTestStringConvertible {
    let colorType: Int
    let bitDepth: Int

    static let all = [
        0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16],
    ]
    .sorted { $0.key < $1.key }
    .flatMap { entry in entry.value.map { PNGKind(colorType: entry.key, bitDepth: $0) } }

    var testDescription: String { "colour type \(colorType), \(bitDepth) bits" }

    /// Samples from a hash of the position, so that every bit of a sample takes both values.
    func image(width: Int, height: Int) -> PNGBytes {
        let mask = 1 << bitDepth - 1
        var image = PNGBytes(width: width, height: height, bitDepth: bitDepth, colorType: colorType)
        {
            x, y, channel in
            (x &* 0x9E37_79B1 ^ y &* 0x85EB_CA77 ^ channel &* 0xC2B2_AE3D) >> 7 & mask
        }
        if colorType == 3 {
            image.palette = (0..<3 * (1 << bitDepth)).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        }
        return image
    }
}

extension PNGBytes {
    /// What api.md promises: samples as stored, small grays scaled, palette looked up, alpha gone.
    var expectedSamples: [Int] {
        var samples: [Int] = []
        for y in 0..<height {
            for x in 0..<width {
                switch colorType {
                case 3:
                    let index = sample(x, y, 0)
                    samples += palette[3 * index..<3 * index + 3].map(Int.init)
                case 0 where bitDepth < 8:
                    samples.append(sample(x, y, 0) * 255 / (1 << bitDepth - 1))
                default:
                    for channel in 0..<(colorType & 2 == 0 ? 1 : 3) {
                        samples.append(sample(x, y, channel))
                    }
                }
            }
        }
        return samples
    }
}

extension PNGImage {
    var values: [Int] {
        switch samples {
        case .uint8(let samples): samples.map(Int.init)
        case .uint16(let samples): samples.map(Int.init)
        }
    }
}

func decodePNG(_ file: [UInt8], pixelsMax: Int = 1 << 20) throws -> PNGImage {
    try PNG.decode(file.span, pixelsMax: pixelsMax)
}

@Suite struct PNGTests {
    @Test(arguments: PNGKind.all, PNGBytes.Filter.allCases)
    func `decodes every colour type, depth and filter`(
        kind: PNGKind, filter: PNGBytes.Filter
    ) throws {
        var source = kind.image(width: 13, height: 11)
        source.filter = filter
        let image = try decodePNG(source.encoded)
        #expect(image.width == 13 && image.height == 11)
        #expect(image.channels == (kind.colorType & 2 == 0 ? 1 : 3))
        #expect(image.hadAlpha == (kind.colorType >= 4))
        #expect(image.values == source.expectedSamples)
        if case .uint16 = image.samples {
            #expect(kind.bitDepth == 16)
        } else {
            #expect(kind.bitDepth <= 8)
        }
    }

    /// Sides from 1 to 9 leave every combination of Adam7 passes empty that can be empty.
    @Test(arguments: PNGKind.all)
    func `decodes Adam7 at every small size`(kind: PNGKind) throws {
        for width in 1...9 {
            for height in 1...9 {
                var source = kind.image(width: width, height: height)
                source.isInterlaced = true
                #expect(try decodePNG(source.encoded).values == source.expectedSamples)
            }
        }
    }

    @Test(arguments: PNGKind.all)
    func `reads the header`(kind: PNGKind) throws {
        var source = kind.image(width: 3, height: 2)
        source.isInterlaced = true
        let header = try PNG.header(source.encoded.span)
        #expect(header.width == 3 && header.height == 2 && header.pixelCount == 6)
        #expect(header.bitDepth == kind.bitDepth)
        #expect(Int(header.colorType.rawValue) == kind.colorType)
        let image = try decodePNG(source.encoded)
        #expect(header.decodedByteCount == image.values.count * (kind.bitDepth == 16 ? 2 : 1))
    }

    /// libpng's simplified API returned (59, 167, 228) for the stored (10, 100, 200) under gAMA 1.0.
    @Test(arguments: [
        PNGBytes.chunk("gAMA", [0, 1, 0x86, 0xA0]),
        PNGBytes.chunk("sRGB", [0]),
        PNGBytes.chunk("cHRM", [UInt8](repeating: 1, count: 32)),
        PNGBytes.chunk("sBIT", [5, 6, 5]),
        PNGBytes.chunk("iCCP", Array("profile".utf8) + [0, 0] + PNGBytes.zlib([1, 2, 3])),
        PNGBytes.chunk("bKGD", [0, 1, 0, 2, 0, 3]),
        PNGBytes.chunk("eXIf", Array("MM".utf8) + [0, 42, 0, 0, 0, 8]),
        PNGBytes.chunk("tEXt", Array("Comment".utf8) + [0, 65]),
        PNGBytes.chunk("gAMA", [0, 1, 0x86, 0xA0], crcError: 1),
        PNGBytes.chunk("acTL", [0, 0, 0, 1, 0, 0, 0, 0]),
        PNGBytes.chunk("prVt", [9, 9, 9]),
    ])
    func `returns samples as stored whatever ancillary chunks say`(chunk: [UInt8]) throws {
        var source = PNGBytes(width: 2, height: 2) { _, _, channel in [10, 100, 200][channel] }
        source.chunksBeforePalette = chunk
        let image = try decodePNG(source.encoded)
        #expect(image.values == source.expectedSamples)
        #expect(!image.hadAlpha)
    }

    @Test func `does not compose alpha`() throws {
        let source = PNGBytes(width: 2, height: 1, colorType: 6) { _, _, channel in
            [10, 100, 200, 128][channel]
        }
        let image = try decodePNG(source.encoded)
        #expect(image.values == [10, 100, 200, 10, 100, 200])
        #expect(image.hadAlpha)
    }

    @Test(arguments: [
        (PNGKind(colorType: 0, bitDepth: 1), [0, 1] as [UInt8]),
        (PNGKind(colorType: 0, bitDepth: 16), [0x12, 0x34]),
        (PNGKind(colorType: 2, bitDepth: 8), [0, 1, 0, 2, 0, 3]),
        (PNGKind(colorType: 3, bitDepth: 2), [0, 128]),
        (PNGKind(colorType: 3, bitDepth: 8), [UInt8](repeating: 7, count: 256)),
    ])
    func `drops tRNS and reports it`(kind: PNGKind, transparency: [UInt8]) throws {
        var source = kind.image(width: 5, height: 5)
        source.transparency = transparency
        let image = try decodePNG(source.encoded)
        #expect(image.values == source.expectedSamples)
        #expect(image.hadAlpha)
    }

    @Test func `decodes a palette shorter than its depth allows`() throws {
        var source = PNGBytes(width: 4, height: 4, bitDepth: 8, colorType: 3) { x, y, _ in
            (x + y) % 3
        }
        source.palette = [1, 2, 3, 4, 5, 6, 7, 8, 9]
        #expect(try decodePNG(source.encoded).values == source.expectedSamples)
    }

    @Test func `joins IDAT chunks of one byte, and ignores empty ones`() throws {
        var source = PNGKind(colorType: 2, bitDepth: 16).image(width: 7, height: 5)
        source.dataChunkBytesMax = 1
        source.chunksAfterData = PNGBytes.chunk("IDAT", [])
        #expect(try decodePNG(source.encoded).values == source.expectedSamples)
    }

    @Test func `ignores bytes after IEND`() throws {
        let source = PNGKind(colorType: 0, bitDepth: 8).image(width: 3, height: 3)
        #expect(try decodePNG(source.encoded + [1, 2, 3]).values == source.expectedSamples)
    }

    @Test func `decodes a slice at an odd address`() throws {
        let source = PNGKind(colorType: 6, bitDepth: 16).image(width: 9, height: 4)
        let bytes = [0, 0, 0] + source.encoded + [0]
        let slice = bytes.span.extracting(3..<bytes.count - 1)
        #expect(try PNG.decode(slice, pixelsMax: 36).values == source.expectedSamples)
    }
}
