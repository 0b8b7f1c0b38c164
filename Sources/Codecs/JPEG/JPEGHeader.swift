// The segments of a JPEG file up to its first scan (ITU-T T.81 annex B), read without libjpeg, so
// that limits are checked before anything is decoded or allocated.

/// What a JPEG file says of itself in front of its first scan.
public struct JPEGHeader: Sendable, Equatable {
    /// Width in pixels, 1 to 65535.
    public let width: Int
    /// Height in pixels, 1 to 65535.
    public let height: Int
    /// Samples a pixel after decoding: 1 for gray, 3 for colour.
    public var channels: Int { components.count == 1 ? 1 : 3 }
    /// How the image is to be turned for a viewer, by EXIF: 1 is as stored, 2 to 8 are the seven
    /// other turns and reflections. It is not applied.
    public let orientation: Int
    /// Whether the image comes in several scans, all of which are held before the first row is made.
    public let hasSeveralScans: Bool

    /// Whether scans refine one another, a bit or a band of coefficients at a time.
    let isProgressive: Bool
    /// Whether codes are of at least one bit each, which those of the arithmetic coder are not.
    let isHuffmanCoded: Bool
    let components: [JPEGComponent]
    /// Where the first scan begins.
    let scanStart: Int

    /// Pixels of the image; less than 2^32.
    public var pixelCount: Int { width * height }

    /// Bytes that `JPEG.decode` allocates: the samples; of an image in several scans its
    /// coefficients, 16 bits each; else a few rows of blocks.
    public var decodedByteCount: Int {
        let coefficients =
            hasSeveralScans ? blockCount(padded: true) * 64 * 2 : width * channels * 32
        return pixelCount * channels + coefficients
    }

    /// The fewest bytes that scans of this image may have: a code for each block's mean, and one for
    /// its end where that is not left to other scans.
    var scanBytesMin: Int {
        isHuffmanCoded ? blockCount(padded: false) * (isProgressive ? 1 : 2) / 8 : 0
    }

    /// Blocks of 8 x 8 coefficients, with those that fill the last MCU of a row and a column.
    private func blockCount(padded: Bool) -> Int {
        let (across, down) = components.reduce((1, 1)) {
            (max($0.0, $1.horizontal), max($0.1, $1.vertical))
        }
        return components.reduce(0) { count, component in
            func blocks(_ pixels: Int, _ factor: Int, _ most: Int) -> Int {
                padded
                    ? (pixels + 8 * most - 1) / (8 * most) * factor
                    : (pixels * factor + 8 * most - 1) / (8 * most)
            }
            return count + blocks(width, component.horizontal, across)
                * blocks(height, component.vertical, down)
        }
    }
}

/// How densely one component is sampled, in each direction 1 to 4.
struct JPEGComponent: Equatable {
    let horizontal: Int
    let vertical: Int
}

extension JPEG {
    /// Reads the segments up to the first scan; the rest of the file is not looked at.
    ///
    /// - Throws: `JPEGError.notJPEG`, `.truncated`, `.damaged` for segments that cannot be right, and
    ///   `.unsupported` for kinds of JPEG that are not read, each by its name.
    public static func header(_ bytes: Span<UInt8>) throws(JPEGError) -> JPEGHeader {
        guard bytes.count >= 2 else { throw .truncated }
        guard bytes[0] == 0xFF, bytes[1] == Marker.startOfImage else { throw .notJPEG }
        var segments = JPEGSegments(from: 2)
        var frame: JPEGFrame?
        var orientation: Int?
        while true {
            let segment = try segments.next(in: bytes)
            switch segment.marker {
            case Marker.frames where !Marker.notFrames.contains(segment.marker):
                guard frame == nil else { throw .damaged("a second frame header") }
                frame = try JPEGFrame(segment.marker, bytes.extracting(segment.data))
            case Marker.application1 where orientation == nil:
                orientation = EXIFOrientation.value(bytes.extracting(segment.data))
            case Marker.endOfImage: throw .damaged("no image data")
            case Marker.startOfScan:
                guard let frame else { throw .damaged("a scan without a frame header") }
                guard let count = segment.data.first.map({ Int(bytes[$0]) }),
                    (1...frame.components.count).contains(count)
                else { throw .damaged("a bad scan header") }
                return JPEGHeader(
                    width: frame.width, height: frame.height, orientation: orientation ?? 1,
                    hasSeveralScans: frame.isProgressive || count < frame.components.count,
                    isProgressive: frame.isProgressive, isHuffmanCoded: frame.isHuffmanCoded,
                    components: frame.components, scanStart: segment.data.upperBound)
            default: break
            }
        }
    }
}

/// A frame header (T.81 B.2.2).
private struct JPEGFrame {
    let width: Int
    let height: Int
    let isProgressive: Bool
    let isHuffmanCoded: Bool
    let components: [JPEGComponent]

    init(_ marker: UInt8, _ data: Span<UInt8>) throws(JPEGError) {
        switch marker {
        case 0xC0, 0xC1: (isProgressive, isHuffmanCoded) = (false, true)
        case 0xC2: (isProgressive, isHuffmanCoded) = (true, true)
        case 0xC9: (isProgressive, isHuffmanCoded) = (false, false)
        case 0xCA: (isProgressive, isHuffmanCoded) = (true, false)
        case 0xC3, 0xCB: throw .unsupported(.lossless)
        default: throw .unsupported(.hierarchical)
        }
        guard data.count >= 6, data.count == 6 + 3 * Int(data[5]) else {
            throw .damaged("a bad frame header")
        }
        guard data[0] == 8 else { throw .unsupported(.bits(Int(data[0]))) }
        height = Int(data[1]) << 8 | Int(data[2])
        width = Int(data[3]) << 8 | Int(data[4])
        guard height > 0 else { throw .unsupported(.lateHeight) }
        guard width > 0 else { throw .damaged("a width of 0") }
        switch data[5] {
        case 1, 3: break
        case 4: throw .unsupported(.cmyk)
        default: throw .unsupported(.components(Int(data[5])))
        }
        var components: [JPEGComponent] = []
        for index in stride(from: 6, to: data.count, by: 3) {
            let component = JPEGComponent(
                horizontal: Int(data[index + 1] >> 4), vertical: Int(data[index + 1] & 15))
            guard (1...4).contains(component.horizontal), (1...4).contains(component.vertical)
            else { throw .damaged("a bad sampling factor") }
            components.append(component)
        }
        self.components = components
    }
}
