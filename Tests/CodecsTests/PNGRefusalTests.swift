import Codecs
import Foundation
import TestSupport
import Testing

@Suite struct PNGRefusalTests {
    static let small = PNGKind(colorType: 2, bitDepth: 8).image(width: 4, height: 3)

    /// The error of decoding, or nil when the file decodes.
    private func failure(_ file: [UInt8], pixelsMax: Int = 1 << 26) -> PNGError? {
        do throws(PNGError) {
            _ = try PNG.decode(file.span, pixelsMax: pixelsMax)
            return nil
        } catch {
            return error
        }
    }

    private func isDamaged(_ error: PNGError?) -> Bool {
        if case .damaged = error { true } else { false }
    }

    @Test(arguments: [
        [UInt8](), Array("hello, world, this is text and longer than a header".utf8),
        [0xFF, 0xD8, 0xFF, 0xE0] + [UInt8](repeating: 0, count: 40),
        Array("GIF89a".utf8) + [UInt8](repeating: 0, count: 40),
    ])
    func `refuses what is not a PNG`(file: [UInt8]) {
        #expect(failure(file) == (file.isEmpty ? .truncated : .notPNG))
    }

    @Test func `names a signature damaged by text mode`() {
        let file = [0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A] + Self.small.encoded.dropFirst(8)
        #expect(failure(file) == .badHeader(.textTransfer))
    }

    @Test(arguments: [false, true])
    func `refuses a file cut at any byte`(isInterlaced: Bool) {
        for kind in PNGKind.all {
            var source = kind.image(width: 3, height: 3)
            source.isInterlaced = isInterlaced
            let file = source.encoded
            for count in 0..<file.count {
                #expect(failure(Array(file.prefix(count))) == .truncated, "\(kind) at \(count)")
            }
        }
    }

    /// CRCs and Adler-32 cover everything but the signature and the chunk lengths, so a flipped bit
    /// is either refused or, in an ancillary chunk, without effect.
    @Test func `never takes a flipped bit for another image`() throws {
        for kind in PNGKind.all {
            var source = kind.image(width: 5, height: 4)
            source.chunksBeforePalette = PNGBytes.chunk("tEXt", Array("Comment".utf8) + [0, 65])
            let file = source.encoded
            let image = try decodePNG(file)
            for bit in 0..<8 * file.count {
                var flipped = file
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                if let other = try? decodePNG(flipped) {
                    #expect(other == image, "\(kind), bit \(bit)")
                }
            }
        }
    }

    @Test(arguments: [
        (PNGBytes.header(width: 0, height: 4), PNGError.badHeader(.side)),
        (PNGBytes.header(width: 4, height: 0), .badHeader(.side)),
        (PNGBytes.header(width: 1 << 31, height: 1), .badHeader(.side)),
        (PNGBytes.header(width: .max, height: .max), .badHeader(.side)),
        (PNGBytes.header(width: 4, height: 4, bitDepth: 4), .badHeader(.colorTypeOrDepth)),
        (PNGBytes.header(width: 4, height: 4, bitDepth: 0), .badHeader(.colorTypeOrDepth)),
        (
            PNGBytes.header(width: 4, height: 4, bitDepth: 16, colorType: 3),
            .badHeader(.colorTypeOrDepth)
        ),
        (PNGBytes.header(width: 4, height: 4, colorType: 1), .badHeader(.colorTypeOrDepth)),
        (PNGBytes.header(width: 4, height: 4, colorType: 7), .badHeader(.colorTypeOrDepth)),
        (PNGBytes.header(width: 4, height: 4, compression: 1), .badHeader(.method)),
        (PNGBytes.header(width: 4, height: 4, filter: 64), .badHeader(.method)),
        (PNGBytes.header(width: 4, height: 4, interlace: 2), .badHeader(.method)),
        (PNGBytes.chunk("IHDR", [0, 0, 0, 4, 0, 0, 0, 4, 8, 2, 0, 0]), .badHeader(.missing)),
        (PNGBytes.chunk("IDAT", [0, 0, 0, 4, 0, 0, 0, 4, 8, 2, 0, 0, 0]), .badHeader(.missing)),
        (
            PNGBytes.chunk("IHDR", [0, 0, 0, 4, 0, 0, 0, 4, 8, 2, 0, 0, 0], crcError: 1),
            .badHeader(.checksum)
        ),
    ])
    func `refuses a wrong IHDR`(header: [UInt8], error: PNGError) {
        let file = PNGBytes.signature + header + Self.small.encoded.dropFirst(33)
        #expect(failure(file) == error)
    }

    /// The files are a few hundred bytes: anything taken for the claim would be out of proportion.
    @Test(
        arguments: [
            (65535, 65535), (0x7FFF_FFFF, 0x7FFF_FFFF), (0x7FFF_FFFF, 1), (1, 0x7FFF_FFFF),
        ] as [(UInt32, UInt32)])
    func `refuses too many pixels from the header alone`(width: UInt32, height: UInt32) throws {
        for interlace in [0, 1] as [UInt8] {
            let header = PNGBytes.header(
                width: width, height: height, bitDepth: 16, colorType: 6, interlace: interlace)
            let file = PNGBytes.signature + header + Self.small.encoded.dropFirst(33)
            #expect(
                failure(file)
                    == .tooManyPixels(
                        width: Int(width), height: Int(height), pixelsMax: 1 << 26))
            // Without a limit the file is still too short for its claim.
            let error = failure(file, pixelsMax: .max)
            #expect(isDamaged(error) || width > 1 << 27 && error != nil)
        }
    }

    @Test func `compares the product of the sides with the limit`() {
        let file = Self.small.encoded
        #expect(failure(file, pixelsMax: 12) == nil)
        #expect(
            failure(file, pixelsMax: 11) == .tooManyPixels(width: 4, height: 3, pixelsMax: 11))
    }

    @Test(arguments: [1, 2, 3])
    func `refuses missing rows`(rows: Int) {
        for isInterlaced in [false, true] {
            var source = PNGKind(colorType: 2, bitDepth: 8).image(width: 16, height: 8)
            source.isInterlaced = isInterlaced
            source.missingRows = rows
            #expect(isDamaged(failure(source.encoded)))
        }
    }

    /// PNG §9.2 knows filters 0 to 4.
    @Test(arguments: [5, 255] as [UInt8])
    func `refuses a filter that does not exist`(filter: UInt8) {
        let data = PNGBytes.zlib([filter, 1, 2, 3])
        let file =
            PNGBytes.signature + PNGBytes.header(width: 1, height: 1)
            + PNGBytes.chunk("IDAT", data) + PNGBytes.chunk("IEND", [])
        #expect(isDamaged(failure(file)))
    }

    @Test func `refuses wrong checksums, bad zlib and misplaced critical chunks`() {
        let head = PNGBytes.signature + PNGBytes.header(width: 1, height: 1)
        let end = PNGBytes.chunk("IEND", [])
        let data = PNGBytes.zlib([0, 1, 2, 3])
        var wrongZlib = data
        wrongZlib[0] = 0x79
        let files = [
            head + PNGBytes.chunk("IDAT", data, crcError: 0x8000_0000) + end,
            head + PNGBytes.chunk("IDAT", wrongZlib) + end,
            head + PNGBytes.chunk("IDAT", data) + PNGBytes.chunk("IEND", [], crcError: 1),
            head + PNGBytes.chunk("CRIT", [1]) + PNGBytes.chunk("IDAT", data) + end,
            head + PNGBytes.header(width: 1, height: 1) + PNGBytes.chunk("IDAT", data) + end,
            head + PNGBytes.chunk("IDAT", []) + end,
            head + end,
            // The rest of the image stands behind another chunk, where no reader looks for it.
            head + PNGBytes.chunk("IDAT", Array(data.prefix(8)))
                + PNGBytes.chunk("tEXt", Array("Comment".utf8) + [0, 65])
                + PNGBytes.chunk("IDAT", Array(data.dropFirst(8))) + end,
            head + PNGBytes.chunk("ID4T", data) + PNGBytes.chunk("IDAT", data) + end,
            // FDICT: a dictionary that the file does not hold (RFC 1950 §2.2).
            head + PNGBytes.chunk("IDAT", [0x78, 0x20] + data.dropFirst(2)) + end,
            // Window sizes beyond 32 KiB do not exist.
            head + PNGBytes.chunk("IDAT", [0x88, 0x1C] + data.dropFirst(2)) + end,
        ]
        for (index, file) in files.enumerated() {
            #expect(isDamaged(failure(file)), "file \(index)")
        }
        #expect(failure(head + PNGBytes.chunk("IDAT", data) + end) == nil)
    }

    @Test(arguments: [false, true])
    func `refuses a palette index without an entry`(isInterlaced: Bool) {
        for bitDepth in [2, 4, 8] {
            for y in 0..<8 {
                var source = PNGBytes(width: 8, height: 8, bitDepth: bitDepth, colorType: 3) {
                    column, row, _ in column == 7 && row == y ? 3 : 2
                }
                source.isInterlaced = isInterlaced
                source.palette = [UInt8](repeating: 9, count: 9)
                #expect(failure(source.encoded) == .paletteIndexOutOfRange)
            }
        }
    }

    @Test func `refuses a palette image without PLTE, and one of a wrong length`() {
        var source = PNGKind(colorType: 3, bitDepth: 8).image(width: 4, height: 4)
        source.palette = []
        #expect(isDamaged(failure(source.encoded)))
        source.palette = [1, 2, 3, 4]
        #expect(isDamaged(failure(source.encoded)))
        source.palette = [UInt8](repeating: 1, count: 3 * 257)
        #expect(isDamaged(failure(source.encoded)))
        source.palette = []
        source.chunksAfterData = PNGBytes.chunk("PLTE", [UInt8](repeating: 1, count: 768))
        #expect(isDamaged(failure(source.encoded)))
    }

    @Test func `refuses a second palette, whose colours may be meant`() {
        var source = PNGKind(colorType: 3, bitDepth: 8).image(width: 4, height: 4)
        source.chunksBeforePalette = PNGBytes.chunk("PLTE", source.palette)
        #expect(isDamaged(failure(source.encoded)))
    }

    @Test func `stops when nobody waits any more`() throws {
        let file = PNGKind(colorType: 2, bitDepth: 8).image(width: 200, height: 200).encoded
        var asked = 0
        _ = try PNG.decode(file.span, pixelsMax: 40_000) {
            asked += 1
            return false
        }
        #expect(asked > 8)
        for last in 0..<asked {
            var left = last
            #expect(throws: PNGError.cancelled) {
                try PNG.decode(file.span, pixelsMax: 40_000) {
                    left -= 1
                    return left < 0
                }
            }
        }
    }
}

@Suite(.serialized) struct PNGBombTests {
    /// Peak resident memory so far (VmHWM), which only grows.
    private func peakBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM") })
        let kilobytes = try #require(
            line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return kilobytes << 10
    }

    /// 64 MiB of zeros in 430 KB, where text and colour profiles go.
    @Test func `skips inflating chunks it does not need`() throws {
        let bomb = PNGBytes.zlib(zeros: 1 << 26)
        let keyword = Array("Comment".utf8) + [0]
        var source = PNGKind(colorType: 2, bitDepth: 8).image(width: 4, height: 4)
        source.chunksBeforePalette =
            PNGBytes.chunk("zTXt", keyword + [0] + bomb)
            + PNGBytes.chunk("iTXt", keyword + [1, 0, 0, 0] + bomb)
            + PNGBytes.chunk("iCCP", keyword + [0] + bomb)
        source.chunksAfterData = PNGBytes.chunk("zTXt", keyword + [0] + bomb)
        let file = source.encoded
        let before = try peakBytes()
        let image = try decodePNG(file)
        #expect(image.values == source.expectedSamples)
        #expect(try peakBytes() - before < 1 << 25)
    }

    @Test func `keeps nothing of many small chunks`() throws {
        var source = PNGKind(colorType: 2, bitDepth: 8).image(width: 4, height: 4)
        let chunk = PNGBytes.chunk("tEXt", Array("Comment".utf8) + [0, 65])
        source.chunksBeforePalette = (0..<20_000).flatMap { _ in chunk }
        #expect(try decodePNG(source.encoded).values == source.expectedSamples)
    }

    /// 9 megapixels in 57 KB: refused by the limit, and decoded into exactly its size without one.
    @Test func `bounds an IDAT bomb by the limit of pixels`() throws {
        let file =
            PNGBytes.signature
            + PNGBytes.header(width: 3000, height: 3000, colorType: 0)
            + PNGBytes.chunk("IDAT", PNGBytes.zlib(zeros: 3000 * 3001)) + PNGBytes.chunk("IEND", [])
        #expect(throws: PNGError.tooManyPixels(width: 3000, height: 3000, pixelsMax: 1 << 23)) {
            try decodePNG(file, pixelsMax: 1 << 23)
        }
        let image = try decodePNG(file, pixelsMax: 1 << 26)
        #expect(image.samples == .uint8([UInt8](repeating: 0, count: 9_000_000)))
    }
}
