import Codecs
import TestSupport
import Testing

/// A file that breaks a rule, and none of whose samples is in doubt.
struct IrregularPNG: Sendable, CustomTestStringConvertible {
    let name: String
    let irregularities: Set<PNGIrregularity>
    let source: PNGBytes

    var testDescription: String { name }

    init(
        _ name: String, _ irregularities: Set<PNGIrregularity> = [], _ colorType: Int = 2,
        bitDepth: Int = 8, _ edit: (inout PNGBytes) -> Void
    ) {
        self.name = name
        self.irregularities = irregularities
        var source = PNGKind(colorType: colorType, bitDepth: bitDepth).image(width: 5, height: 4)
        edit(&source)
        self.source = source
    }

    /// One chunk before the palette, one before the data and one behind it, in turn.
    private static func anywhere(_ name: String, _ type: String, _ data: [UInt8]) -> [IrregularPNG]
    {
        let chunk = PNGBytes.chunk(type, data)
        return [
            IrregularPNG("\(type) \(name), before PLTE", [], 3) { $0.chunksBeforePalette = chunk },
            IrregularPNG("\(type) \(name), twice") { $0.chunksBeforeData = chunk + chunk },
            IrregularPNG("\(type) \(name), behind PLTE", [], 3) { $0.chunksBeforeData = chunk },
            IrregularPNG("\(type) \(name), behind IDAT") { $0.chunksAfterData = chunk },
            IrregularPNG("\(type) \(name), in gray with alpha", [], 4) {
                $0.chunksBeforeData = chunk
            },
        ]
    }

    private static let text = Array("Comment".utf8) + [0]
    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    /// png_handle_gAMA … png_handle_iTXt, png_colorspace_…, png_icc_…: "out of place", "duplicate",
    /// "invalid", "too short", "bad width format" and the like. None of these chunks is read here.
    private static let ancillary: [IrregularPNG] =
        [
            ("sound", "gAMA", [0, 1, 0x86, 0xA0]), ("invalid", "gAMA", zeros(3)),
            ("invalid values", "gAMA", zeros(4)), ("invalid", "sBIT", zeros(9)),
            ("invalid values", "sBIT", [99, 99, 99]), ("invalid", "cHRM", zeros(31)),
            ("invalid chromaticities", "cHRM", [UInt8](repeating: 0xFF, count: 32)),
            ("invalid end points", "cHRM", zeros(32)), ("invalid", "sRGB", zeros(2)),
            ("invalid rendering intent", "sRGB", [9]), ("too short", "iCCP", zeros(3)),
            ("bad keyword", "iCCP", zeros(40)),
            ("bad compression method", "iCCP", Array("p".utf8) + [0, 7] + zeros(40)),
            ("cut profile", "iCCP", Array("p".utf8) + [0, 0] + PNGBytes.zlib(zeros(20))),
            ("invalid profile", "iCCP", Array("p".utf8) + [0, 0] + PNGBytes.zlib(zeros(200))),
            ("malformed", "sPLT", Array("p".utf8)), ("bad depth", "sPLT", [65, 0, 7] + zeros(6)),
            ("bad length", "sPLT", [65, 0, 8] + zeros(5)), ("invalid", "bKGD", zeros(5)),
            ("invalid index", "bKGD", [255]), ("invalid gray level", "bKGD", [255, 255]),
            ("invalid color", "bKGD", [255, 0, 255, 0, 255, 0]), ("too short", "eXIf", [0]),
            ("incorrect byte order", "eXIf", Array("XX".utf8) + zeros(6)),
            ("invalid", "hIST", zeros(1)), ("of another palette", "hIST", zeros(4)),
            ("invalid", "pHYs", zeros(8)), ("invalid", "oFFs", zeros(10)),
            ("invalid", "pCAL", Array("p".utf8)),
            ("invalid parameter count", "pCAL", [65, 0] + zeros(8) + [0, 9, 65, 0]),
            ("unrecognized equation type", "pCAL", [65, 0] + zeros(8) + [9, 0, 65]),
            ("invalid data", "pCAL", [65, 0] + zeros(8) + [0, 2, 65]), ("invalid", "sCAL", [1]),
            ("invalid unit", "sCAL", [9, 0x31, 0, 0x31]),
            ("bad width format", "sCAL", [1, 65, 0, 0x31]),
            ("non-positive width", "sCAL", [1, 0x30, 0, 0x31]),
            ("bad height format", "sCAL", [1, 0x31, 0, 65]),
            ("non-positive height", "sCAL", [1, 0x31, 0, 0x30]),
            ("invalid", "tIME", zeros(6)), ("13th month", "tIME", [7, 0xE0, 13, 40, 25, 61, 99]),
            ("without keyword", "tEXt", [0]), ("bad method", "zTXt", text + [9]),
            ("cut", "zTXt", text + [0, 0x78]), ("truncated", "iTXt", text),
            ("bad compression info", "iTXt", text + [7, 7, 0, 0]),
            ("cut", "iTXt", text + [1, 0, 0, 0, 0x78]),
            ("surplus compressed data", "zTXt", text + [0] + PNGBytes.zlib([65]) + [1, 2, 3]),
            ("out of range", "acTL", zeros(8)), ("without its place", "fcTL", zeros(3)),
            ("without its place", "fdAT", zeros(3)), ("unknown", "prVt", zeros(3)),
        ].flatMap { name, type, data in anywhere(name, type, data) }

    private static func damaged(_ type: String) -> IrregularPNG {
        IrregularPNG("\(type) with a wrong CRC") {
            $0.chunksBeforeData = PNGBytes.chunk(type, zeros(4), crcError: 1)
        }
    }

    /// png_handle_PLTE, png_handle_tRNS, png_handle_IEND.
    private static let colors: [IrregularPNG] = [
        IrregularPNG("PLTE ignored in grayscale PNG", [.palette], 0) { $0.palette = [1, 2, 3] },
        IrregularPNG("PLTE in gray with alpha", [.palette], 4) { $0.palette = [1, 2, 3] },
        IrregularPNG("PLTE as a suggestion in RGB") { $0.palette = [1, 2, 3] },
        IrregularPNG("PLTE as a suggestion in RGBA", [], 6, bitDepth: 16) {
            $0.palette = [1, 2, 3]
        },
        IrregularPNG("PLTE twice in RGB", [.palette]) {
            $0.palette = [1, 2, 3]
            $0.chunksBeforePalette = PNGBytes.chunk("PLTE", [4, 5, 6])
        },
        IrregularPNG("PLTE out of place in RGB", [.palette]) {
            $0.chunksAfterData = PNGBytes.chunk("PLTE", [1, 2, 3])
        },
        IrregularPNG("PLTE of no whole colours in RGB", [.palette]) { $0.palette = [1, 2, 3, 4] },
        IrregularPNG("PLTE of 257 colours in RGB", [.palette]) { $0.palette = zeros(771) },
        IrregularPNG("PLTE longer than its depth names", [.palette], 3, bitDepth: 2) {
            $0.palette += [7, 7, 7]
        },
        IrregularPNG("tRNS invalid with alpha channel", [.transparency], 6) {
            $0.transparency = [0, 1, 0, 2, 0, 3]
        },
        IrregularPNG("tRNS in gray with alpha", [.transparency], 4) { $0.transparency = [0, 1] },
        IrregularPNG("tRNS before PLTE", [.transparency], 3) {
            $0.chunksBeforePalette = PNGBytes.chunk("tRNS", [9])
        },
        IrregularPNG("tRNS out of place", [.transparency]) {
            $0.chunksAfterData = PNGBytes.chunk("tRNS", [0, 1, 0, 2, 0, 3])
        },
        IrregularPNG("tRNS longer than the palette", [.transparency], 3, bitDepth: 1) {
            $0.transparency = zeros(3)
        },
        IrregularPNG("tRNS of 257 entries", [.transparency], 3) { $0.transparency = zeros(257) },
        IrregularPNG("tRNS without entries", [.transparency], 3) {
            $0.chunksBeforeData = PNGBytes.chunk("tRNS", [])
        },
        IrregularPNG("tRNS of a wrong length in gray", [.transparency], 0) {
            $0.transparency = [1]
        },
        IrregularPNG("tRNS of a wrong length in RGB", [.transparency]) {
            $0.transparency = [0, 1]
        },
        IrregularPNG("tRNS with a wrong CRC", [.transparency]) {
            $0.chunksBeforeData = PNGBytes.chunk("tRNS", zeros(6), crcError: 1)
        },
        IrregularPNG("IEND invalid", [.end]) { $0.chunksAfterData = PNGBytes.chunk("IEND", [1]) },
        damaged("gAMA"), damaged("tEXt"), damaged("iCCP"), damaged("prVt"),
    ]

    /// png_read_IDAT_data, png_read_end, png_process_IDAT_data.
    private static let data: [IrregularPNG] = [
        IrregularPNG("extra compressed data in the same IDAT", [.imageDataEnd]) {
            $0.editStream = { $0 + [1, 2, 3] }
        },
        IrregularPNG("extra compressed data in another IDAT", [.imageDataEnd]) {
            $0.chunksAfterData = PNGBytes.chunk("IDAT", [1, 2, 3])
        },
        IrregularPNG("a second zlib stream", [.imageDataEnd]) {
            $0.editStream = { $0 + PNGBytes.zlib([1, 2, 3]) }
        },
        IrregularPNG("too much image data", [.imageDataEnd]) {
            $0.editStream = { stream in PNGBytes.zlib(stream[7..<stream.count - 4] + [0, 1, 2]) }
        },
        IrregularPNG("one byte too much image data", [.imageDataEnd]) {
            $0.editStream = { stream in PNGBytes.zlib(stream[7..<stream.count - 4] + [0]) }
        },
        IrregularPNG("incorrect data check", [.imageDataEnd]) {
            $0.editStream = { $0.dropLast() + [($0.last ?? 0) ^ 1] }
        },
        IrregularPNG("no data check", [.imageDataEnd]) { $0.editStream = { $0.dropLast(4) } },
        IrregularPNG("a cut data check", [.imageDataEnd]) { $0.editStream = { $0.dropLast(1) } },
        IrregularPNG("no end code", [.imageDataEnd]) {
            // The stored block is not the last one.
            $0.editStream = { $0.prefix(2) + [0] + $0.dropFirst(3).dropLast(4) }
        },
        IrregularPNG("garbage instead of the end code", [.imageDataEnd]) {
            $0.editStream = { $0.prefix(2) + [0] + $0.dropFirst(3).dropLast(4) + [7, 7, 7, 7] }
        },
        IrregularPNG("too many IDATs", [.lateImageData]) {
            $0.chunksAfterData =
                PNGBytes.chunk("tEXt", text + [65]) + PNGBytes.chunk("IDAT", [1, 2, 3])
        },
        IrregularPNG("an empty IDAT behind other chunks") {
            $0.chunksAfterData = PNGBytes.chunk("tEXt", text + [65]) + PNGBytes.chunk("IDAT", [])
        },
        IrregularPNG("empty IDATs before and among the data") {
            $0.chunksBeforeData = PNGBytes.chunk("IDAT", []) + PNGBytes.chunk("IDAT", [])
            $0.dataChunkBytesMax = 3
        },
    ]

    static let all = ancillary + colors + data
}

@Suite struct PNGIrregularTests {
    /// Every call of png_benign_error, png_chunk_benign_error and png_chunk_report in libpng 1.6's
    /// reader that a file can provoke; those that remain are of memory and of applications.
    @Test(arguments: IrregularPNG.all)
    func `reads what leaves every sample defined, and says what is odd`(file: IrregularPNG) throws {
        for isInterlaced in [false, true] {
            var source = file.source
            source.isInterlaced = isInterlaced
            let image = try decodePNG(source.encoded)
            #expect(image.values == source.expectedSamples)
            #expect(image.irregularities == file.irregularities)
            #expect(image.hadAlpha == (source.colorType >= 4))
        }
    }

    /// libpng calls these benign as well, but they leave samples undefined.
    @Test func `refuses benign errors that change samples`() throws {
        var index = PNGKind(colorType: 3, bitDepth: 8).image(width: 4, height: 4)
        index.palette = [1, 2, 3]
        #expect(throws: PNGError.paletteIndexOutOfRange) { try decodePNG(index.encoded) }
        // png_process_IDAT_data: "IDAT: ADLER32 checksum mismatch" before the last row.
        var early = PNGKind(colorType: 2, bitDepth: 8).image(width: 4, height: 4)
        early.missingRows = 1
        early.editStream = { $0.dropLast() + [($0.last ?? 0) ^ 1] }
        #expect(throws: PNGError.self) { try decodePNG(early.encoded) }
    }

    /// zlib's window of 256 bytes is too small for copies from 401 bytes before; readers take the
    /// largest window for every file.
    @Test(arguments: 0...7)
    func `reads a zlib stream that declares too small a window`(windowBits: Int) throws {
        let row = [0] + (0..<400).map { UInt8($0 * 7 % 144) }
        let data = PNGBytes.zlib(twice: row, windowBits: windowBits)
        let file =
            PNGBytes.signature + PNGBytes.header(width: 400, height: 2, colorType: 0)
            + PNGBytes.chunk("IDAT", data) + PNGBytes.chunk("IEND", [])
        let image = try decodePNG(file)
        #expect(image.values == (row.dropFirst() + row.dropFirst()).map(Int.init))
        #expect(image.irregularities.isEmpty)
    }

    /// 512 MiB of surplus would be inflated for seconds: nothing is, once it has begun.
    @Test func `does not inflate surplus data`() throws {
        var source = PNGKind(colorType: 2, bitDepth: 8).image(width: 4, height: 4)
        let surplus = PNGBytes.zlib(zeros: 1 << 26).dropFirst(2)
        source.editStream = { $0.prefix(2) + [0] + $0.dropFirst(3).dropLast(4) + surplus }
        var asked = 0
        let image = try PNG.decode(source.encoded.span, pixelsMax: 16) {
            asked += 1
            return false
        }
        #expect(image.values == source.expectedSamples)
        #expect(image.irregularities == [.imageDataEnd])
        // The CRCs of 53 chunks of 8 KiB and an empty IEND, and two slices of 27.
        #expect(asked <= 56)
    }
}
