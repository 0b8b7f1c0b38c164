import Codecs
import Testing

/// Files that zlib compressed with dynamic Huffman codes, and that an unrelated encoder wrote.
@Suite struct PNGFixtureTests {
    @Test(arguments: [
        ("rgb", 3, false), ("rgba", 3, true), ("gray", 1, false), ("gray-alpha", 1, true),
        ("bilevel", 1, false), ("gray16", 1, false), ("palette", 3, false),
        ("palette-transparent", 3, true),
    ])
    func `agrees with the array that Pillow saved`(
        name: String, channels: Int, hadAlpha: Bool
    ) throws {
        let image = try decodePNG(try Fixture.bytes("\(name).png"))
        let expected = try Fixture.bytes("\(name)-expected.npy")
        let view = try NPY.parse(expected.span)
        #expect(view.shape == (channels == 3 ? [17, 24, 3] : [17, 24]))
        #expect(image.width == 24 && image.height == 17)
        #expect(image.channels == channels && image.hadAlpha == hadAlpha)
        #expect(image.values.map(Float.init) == (try Elements.float32(view, of: expected.span)))
    }
}
