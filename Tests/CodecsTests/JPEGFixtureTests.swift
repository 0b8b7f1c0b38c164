import Codecs
import Testing

/// jpeg.safetensors: files by Pillow and cjpeg, with the samples that Pillow reads in them.
struct JPEGFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let shape: [Int]
    let samples: [UInt8]

    var testDescription: String { name }

    static let all = Result { try read { !$0.hasPrefix("refused-") } }
    static let refused = Result { try read { $0.hasPrefix("refused-") } }

    static func named(_ name: String) throws -> JPEGFixture {
        try #require(try all.get().first { $0.name == name })
    }

    private static func read(_ isWanted: (String) -> Bool) throws -> [JPEGFixture] {
        let file = try Fixture.bytes("jpeg.safetensors")
        let parsed = try SafetensorsFile.parse(file.span)
        return parsed.tensors.compactMap { name, view in
            let name = name.string
            guard name.hasSuffix(".jpg"), isWanted(name) else { return nil }
            let stem = String(name.dropLast(4))
            let expected = parsed[stem]
            return JPEGFixture(
                name: stem, bytes: Array(file[view.byteRange]), shape: expected?.shape ?? [],
                samples: expected.map { Array(file[$0.byteRange]) } ?? [])
        }
    }
}

struct JPEGFixtureTests {
    @Test func `has the samples that Pillow has, of every kind of file`() throws {
        let files = try JPEGFixture.all.get()
        #expect(files.count >= 40)
        for file in files {
            let image = try JPEG.decode(file.bytes.span, pixelsMax: 1 << 20)
            #expect([image.height, image.width] == Array(file.shape.prefix(2)), "\(file.name)")
            #expect(image.channels == (file.shape.count == 2 ? 1 : 3), "\(file.name)")
            #expect(image.samples == file.samples, "\(file.name)")
            let isOdd = file.name == "bytes-before-image"
            #expect(image.irregularities == (isOdd ? [.bytesBeforeImage] : []), "\(file.name)")
        }
    }

    @Test(arguments: 1...8) func `tells the orientation and leaves the pixels`(value: Int) throws {
        let file = try JPEGFixture.named("orientation\(value)")
        let image = try JPEG.decode(file.bytes.span, pixelsMax: 1 << 20)
        #expect(image.orientation == value)
        #expect(image.samples == (try JPEGFixture.named("orientation1")).samples)
    }

    /// One byte less is one too few, wherever it is missing: nothing is made up.
    @Test(arguments: [
        "420-35x27", "progressive-420", "restart-blocks", "arithmetic", "one-component-a-scan",
        "gray-progressive",
    ])
    func `refuses every file that is cut short`(name: String) throws {
        let bytes = try JPEGFixture.named(name).bytes
        for count in 0..<bytes.count {
            #expect(throws: JPEGError.truncated, "\(count) of \(bytes.count) bytes") {
                try JPEG.decode(bytes.span.extracting(0..<count), pixelsMax: 1 << 20)
            }
        }
    }

    @Test func `refuses what other readers fill in`() throws {
        let reasons = try Dictionary(
            uniqueKeysWithValues: JPEGFixture.refused.get().map { file in
                let error = #expect(throws: JPEGError.self, "\(file.name)") {
                    try JPEG.decode(file.bytes.span, pixelsMax: 1 << 20)
                }
                return (file.name, error)
            })
        #expect(
            reasons == [
                "refused-cmyk": .unsupported(.cmyk),
                "refused-no-scan-of-a-component": .damaged("a colour component has no scan"),
                "refused-no-detail": .damaged("progressive scans stop before the last detail"),
                "refused-no-last-bit": .damaged("progressive scans stop before the last detail"),
            ])
    }
}
