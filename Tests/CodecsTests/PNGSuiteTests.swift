import Codecs
import TestSupport
import Testing

/// A file of the classes of PngSuite (Willem van Schaik's, whose names these are), made in code: 32 by
/// 32 pixels unless its name says otherwise, samples of our own.
struct PNGSuiteFile: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    private static func names(_ prefixes: [String], _ kinds: [String]) -> [String] {
        prefixes.flatMap { prefix in kinds.map { prefix + $0 } }
    }

    private static let basic = [
        "0g01", "0g02", "0g04", "0g08", "0g16", "2c08", "2c16", "3p01", "3p02", "3p04", "3p08",
        "4a08", "4a16", "6a08", "6a16",
    ]

    private static let sizes: [String] =
        ([1, 2, 3, 4].map { ($0, "3p01") } + [5, 6, 7, 8, 9].map { ($0, "3p02") }
        + (32...40).map { ($0, "3p04") }).flatMap { size, kind in
            ["i", "n"].map { "s\(size < 10 ? "0" : "")\(size)\($0)\(kind)" }
        }

    static let sound: [PNGSuiteFile] =
        (names(["basn", "basi"], basic) + sizes
        + [
            "bgai4a08", "bgai4a16", "bgan6a08", "bgan6a16", "bgbn4a08", "bggn4a16", "bgwn6a08",
            "bgyn6a16", "tbbn0g04", "tbbn2c16", "tbbn3p08", "tbgn2c16", "tbgn3p08", "tbrn2c08",
            "tbwn0g16", "tbwn3p08", "tbyn3p08", "tm3n3p02", "tp0n0g08", "tp0n2c08", "tp0n3p08",
            "tp1n3p08", "f99n0g04", "pp0n2c16", "pp0n6a08", "ps1n0g08", "ps1n2c16", "ps2n0g08",
            "ps2n2c16", "ccwn2c08", "ccwn3p08", "cdfn2c08", "cdhn2c08", "cdsn2c08", "cdun2c08",
            "ch1n3p04", "ch2n3p08", "cm0n0g04", "cm7n0g04", "cm9n0g04", "cs3n2c16", "cs3n3p08",
            "cs5n2c08", "cs5n3p08", "cs8n2c08", "cs8n3p08", "ct0n0g04", "ct1n0g04", "cten0g04",
            "ctfn0g04", "ctgn0g04", "cthn0g04", "ctjn0g04", "ctzn0g04", "exifn2c08",
        ]
        + names(["g03n", "g04n", "g05n", "g07n", "g10n", "g25n"], ["0g16", "2c08", "3p04"])
        + names(["f00n", "f01n", "f02n", "f03n", "f04n"], ["0g08", "2c08"])
        + names(["oi1n", "oi2n", "oi4n", "oi9n"], ["0g16", "2c16"])
        + names(["z00n", "z03n", "z06n", "z09n"], ["2c08"])).map(PNGSuiteFile.init)

    private var letters: [Character] { Array(name) }
    private var feature: String { String(name.dropLast(5)) }
    private var isInterlaced: Bool { letters[letters.count - 5] == "i" }
    private var colorType: Int { letters[letters.count - 4].wholeNumberValue ?? 0 }
    private var bitDepth: Int { Int(name.suffix(2)) ?? 0 }

    private func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] { PNGBytes.chunk(type, data) }
    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    var source: PNGBytes {
        let side = feature.first == "s" ? Int(feature.dropFirst()) ?? 32 : 32
        var source = PNGKind(colorType: colorType, bitDepth: bitDepth)
            .image(width: side, height: side)
        source.isInterlaced = isInterlaced
        let samples = source.storedChannels == 2 ? 1 : min(3, source.storedChannels)
        let color = colorType == 3 ? [1] : Self.zeros(2 * samples)
        switch feature {
        case "bga", "bgb", "bgg", "bgw", "bgy": source.chunksBeforeData = chunk("bKGD", color)
        case "tbb", "tbg", "tbr", "tbw", "tby":
            source.transparency = colorType == 3 ? [0, 128, 255] : color
            source.chunksBeforeData = chunk("bKGD", color)
        case "tm3": source.transparency = [0, 85, 170, 255]
        case "tp1": source.transparency = [0]
        case "g03", "g04", "g05", "g07", "g10", "g25":
            let gamma = 10_000 * (Int(feature.dropFirst()) ?? 0)
            source.chunksBeforePalette = chunk(
                "gAMA", [24, 16, 8, 0].map { UInt8(gamma >> $0 & 0xFF) })
        case "f00": source.filter = .none
        case "f01": source.filter = .sub
        case "f02": source.filter = .up
        case "f03": source.filter = .average
        case "f04": source.filter = .paeth
        case "pp0": source.palette = (0..<216 * 3).map { UInt8($0 % 256) }
        case "ps1": source.chunksBeforeData = chunk("sPLT", [65, 0, 8] + Self.zeros(6 * 9))
        case "ps2": source.chunksBeforeData = chunk("sPLT", [65, 0, 16] + Self.zeros(10 * 9))
        case "ccw": source.chunksBeforePalette = chunk("cHRM", Self.zeros(32))
        case "cdf", "cdh", "cds", "cdu":
            source.chunksBeforeData = chunk(
                "pHYs", [0, 0, 0, 1, 0, 0, 0, 4, feature == "cdu" ? 1 : 0])
        case "ch1", "ch2": source.chunksBeforeData = chunk("hIST", Self.zeros(2 << bitDepth))
        case "cm0", "cm7", "cm9": source.chunksBeforeData = chunk("tIME", [7, 178, 1, 1, 0, 0, 0])
        case "cs3", "cs5", "cs8": source.chunksBeforePalette = chunk("sBIT", [3, 5, 8])
        case "ct0", "ct1", "ctz", "cte", "ctf", "ctg", "cth", "ctj":
            source.chunksBeforeData =
                chunk("tEXt", Array("Title".utf8) + [0, 65])
                + chunk("zTXt", Array("Software".utf8) + [0, 0] + PNGBytes.zlib([65, 66]))
                + chunk("iTXt", Array("Title".utf8) + [0, 0, 0] + Array("ja".utf8) + [0, 0, 0xE3])
        case "exif": source.chunksBeforeData = chunk("eXIf", Array("II*".utf8) + Self.zeros(5))
        case "oi1": source.dataChunkBytesMax = .max
        case "oi2": source.dataChunkBytesMax = 1000
        case "oi4": source.dataChunkBytesMax = 500
        case "oi9": source.dataChunkBytesMax = 1
        default: break
        }
        return source
    }

    /// The corrupted files, x…: each the sound file with one thing wrong.
    static let corrupted: [(name: String, file: [UInt8])] = {
        func edit(_ kind: String, _ change: (inout [UInt8]) -> Void) -> [UInt8] {
            var file = PNGSuiteFile(name: "basn" + kind).source.encoded
            change(&file)
            return file
        }
        func header(_ kind: String, _ fields: [UInt8]) -> [UInt8] {
            edit(kind) { $0.replaceSubrange(8..<33, with: fields) }
        }
        return [
            ("xs1n0g01", edit("0g01") { $0[0] ^= 0x80 }),
            ("xs2n0g01", edit("0g01") { $0[1] = 0x70 }),
            ("xs4n0g01", edit("0g01") { $0[3] = 0x67 }),
            ("xs7n0g01", edit("0g01") { $0[6] = 0x1B }),
            ("xcrn0g04", edit("0g04") { file in file = file.map { $0 == 10 ? 13 : $0 } }),
            ("xlfn0g04", edit("0g04") { file in file = file.map { $0 == 13 ? 10 : $0 } }),
            ("xhdn0g08", edit("0g08") { $0[32] ^= 1 }),
            ("xc1n0g08", header("0g08", PNGBytes.header(width: 32, height: 32, colorType: 1))),
            ("xc9n2c08", header("2c08", PNGBytes.header(width: 32, height: 32, colorType: 9))),
            ("xd0n2c08", header("2c08", PNGBytes.header(width: 32, height: 32, bitDepth: 0))),
            ("xd3n2c08", header("2c08", PNGBytes.header(width: 32, height: 32, bitDepth: 3))),
            ("xd9n2c08", header("2c08", PNGBytes.header(width: 32, height: 32, bitDepth: 99))),
            (
                "xdtn0g01",
                edit("0g01") { file in
                    file = Array(file[..<33]) + PNGBytes.chunk("IEND", [])
                }
            ),
            ("xcsn0g01", edit("0g01") { $0[$0.count - 13] ^= 1 }),
        ]
    }()
}

@Suite struct PNGSuiteTests {
    @Test(arguments: PNGSuiteFile.sound)
    func `decodes the file to its samples`(file: PNGSuiteFile) throws {
        let source = file.source
        let image = try decodePNG(source.encoded)
        #expect(image.width == source.width && image.height == source.height)
        #expect(image.values == source.expectedSamples)
        #expect(image.hadAlpha == (source.colorType >= 4 || !source.transparency.isEmpty))
        #expect(image.irregularities.isEmpty)
    }

    @Test(arguments: PNGSuiteFile.corrupted)
    func `refuses the corrupted file`(name: String, file: [UInt8]) {
        #expect(throws: PNGError.self) { try decodePNG(file) }
    }
}
