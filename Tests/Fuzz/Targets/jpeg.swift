// JPEG: sound images have all their samples, the same ones each time, and the size of their header.

import Codecs

func test(_ bytes: [UInt8]) {
    let pixelsMax = 1 << 16
    guard let image = try? JPEG.decode(bytes.span, pixelsMax: pixelsMax) else { return }
    guard let header = try? JPEG.header(bytes.span) else { preconditionFailure("no header") }
    precondition(image.width == header.width && image.height == header.height)
    precondition(image.samples.count == image.width * image.height * image.channels)
    precondition(image.samples.count <= header.decodedByteCount)
    precondition((try? JPEG.decode(bytes.span, pixelsMax: pixelsMax)) == image)
}
