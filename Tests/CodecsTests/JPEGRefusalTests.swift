import Codecs
import Testing

/// Files that are not read, made from sound ones.
struct JPEGRefusalTests {
    private static func segment(_ marker: UInt8, _ data: [UInt8]) -> [UInt8] {
        [0xFF, marker, UInt8((data.count + 2) >> 8), UInt8((data.count + 2) & 0xFF)] + data
    }

    /// A frame header and a scan header with nothing behind it.
    private static func header(
        _ marker: UInt8 = 0xC0, bits: UInt8 = 8, width: Int = 16, height: Int = 16,
        components: Int = 3
    ) -> [UInt8] {
        var frame: [UInt8] = [bits]
        for side in [height, width] { frame += [UInt8(side >> 8), UInt8(side & 0xFF)] }
        frame.append(UInt8(components))
        var scan: [UInt8] = [UInt8(components)]
        for id in 0..<UInt8(components) {
            frame += [id + 1, 0x11, 0]
            scan += [id + 1, 0]
        }
        scan += [0, 63, 0]
        return [0xFF, 0xD8] + segment(marker, frame) + segment(0xDA, scan)
    }

    private func error(_ bytes: [UInt8], pixelsMax: Int = 1 << 20) throws -> JPEGError {
        try #require(
            #expect(throws: JPEGError.self) {
                try JPEG.decode(bytes.span, pixelsMax: pixelsMax)
            })
    }

    @Test(
        arguments: [
            (header(bits: 12), .unsupported(.bits(12))), (header(0xC3), .unsupported(.lossless)),
            (header(0xCB), .unsupported(.lossless)), (header(0xC5), .unsupported(.hierarchical)),
            (header(0xCD), .unsupported(.hierarchical)),
            (header(components: 4), .unsupported(.cmyk)),
            (header(components: 2), .unsupported(.components(2))),
            (header(height: 0), .unsupported(.lateHeight)),
            (header(width: 0), .damaged("a width of 0")),
            (header(components: 0), .unsupported(.components(0))),
            ([0xFF, 0xD8, 0xFF, 0xD9], .damaged("no image data")),
            ([0xFF, 0xD8, 0xFF, 0xDA, 0, 2], .damaged("a scan without a frame header")),
            ([0xFF, 0xD8, 0xFF, 0xFE, 0, 1], .damaged("a bad segment length")),
            ([0xFF, 0xD8, 0xFF, 0xC0, 0, 4, 8, 0], .damaged("a bad frame header")),
            (Array("hello".utf8), .notJPEG), ([], .truncated),
        ] as [([UInt8], JPEGError)])
    func `names what is wrong with a header`(bytes: [UInt8], expected: JPEGError) throws {
        #expect(try error(bytes) == expected)
    }

    @Test func `compares the size with the limit before memory is taken`() throws {
        let huge = Self.header(width: 65500, height: 65500)
        #expect(
            try error(huge, pixelsMax: 1 << 26)
                == .tooManyPixels(width: 65500, height: 65500, pixelsMax: 1 << 26))
        // Within the limit, but the bytes cannot hold a bit for each block.
        #expect(try error(huge, pixelsMax: 1 << 40) == .truncated)
        #expect(
            try error(Self.header(0xC2, width: 65500, height: 65500), pixelsMax: 1 << 40)
                == .truncated)
    }

    @Test func `counts the memory of scans that are held`() throws {
        let bytes = try JPEGFixture.named("420-35x27").bytes
        let single = try JPEG.header(bytes.span)
        #expect(!single.hasSeveralScans)
        for name in ["progressive-420", "one-component-a-scan"] {
            let bytes = try JPEGFixture.named(name).bytes
            let header = try JPEG.header(bytes.span)
            #expect(header.hasSeveralScans)
            // 37 x 29 at 4:2:0 are 3 x 2 MCUs of six blocks, of 64 coefficients of 2 bytes.
            #expect(header.decodedByteCount == 37 * 29 * 3 + 3 * 2 * 6 * 128, "\(name)")
        }
    }

    /// Each scan costs a pass over all blocks, whatever few bytes it has.
    @Test func `refuses a file of thousands of scans`() throws {
        let bytes = try JPEGFixture.named("gray-progressive").bytes
        let starts = bytes.indices.dropLast().filter { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA }
        let scan = bytes[starts[0]..<starts[1]]
        let bomb = Array(bytes[..<starts[0]] + (0..<5000).flatMap { _ in scan })
        // Sequential files of several scans are held in the same way; their scans may repeat.
        let separate = try JPEGFixture.named("one-component-a-scan").bytes
        let first = separate.indices.dropLast().filter {
            separate[$0] == 0xFF && separate[$0 + 1] == 0xDA
        }
        let again = (0..<5000).flatMap { _ in separate[first[0]..<first[1]] }
        #expect(try error(bomb + bytes[starts[0]...]) != .truncated)
        #expect(
            try error(Array(separate[..<first[0]]) + again + separate[first[0]...])
                == .damaged("too many scans"))
    }

    @Test func `refuses image data that went wrong`() throws {
        let bytes = try JPEGFixture.named("restart-blocks").bytes
        let restarts = bytes.indices.dropLast().filter {
            bytes[$0] == 0xFF && (0xD0...0xD7).contains(bytes[$0 + 1])
        }
        #expect(restarts.count == 2)
        var missing = bytes
        missing.removeSubrange(restarts[0]..<restarts[0] + 2)
        var swapped = bytes
        swapped.swapAt(restarts[0] + 1, restarts[1] + 1)
        var surplus = bytes
        surplus.insert(contentsOf: [UInt8](repeating: 0x55, count: 24), at: restarts[0])
        var late = bytes
        late.insert(contentsOf: [UInt8](repeating: 0x55, count: 24), at: bytes.count - 2)
        for damaged in [missing, swapped, surplus, late] {
            guard case .damaged = try error(damaged) else {
                Issue.record("a wrong reason")
                continue
            }
        }
    }

    @Test func `stops when nobody waits any more, between rows and between scans`() throws {
        for name in ["420-35x27", "progressive-420"] {
            let bytes = try JPEGFixture.named(name).bytes
            var looks = 0
            _ = try JPEG.decode(bytes.span, pixelsMax: 1 << 20) {
                looks += 1
                return false
            }
            #expect(looks > 4)
            for stop in 1...looks {
                var count = 0
                #expect(throws: JPEGError.cancelled) {
                    try JPEG.decode(bytes.span, pixelsMax: 1 << 20) {
                        count += 1
                        return count == stop
                    }
                }
            }
        }
    }

    @Test func `makes a sentence of every error`() {
        let errors: [JPEGError] = [
            .notJPEG, .truncated, .damaged("x"), .outOfMemory, .cancelled,
            .tooManyPixels(width: 1, height: 2, pixelsMax: 1), .unsupported(.cmyk),
            .unsupported(.lossless), .unsupported(.hierarchical), .unsupported(.lateHeight),
            .unsupported(.bits(12)), .unsupported(.components(2)),
        ]
        for error in errors {
            #expect(
                error.description.hasSuffix(".") && error.description.utf8.allSatisfy { $0 < 128 })
        }
    }
}
