/// Markers of T.81 table B.1 that mean something in front of the first scan.
enum Marker {
    static let startOfImage: UInt8 = 0xD8
    static let endOfImage: UInt8 = 0xD9
    static let startOfScan: UInt8 = 0xDA
    static let application1: UInt8 = 0xE1
    /// Frame headers, and three others among them: tables of codes, an extension, arithmetic
    /// conditioning.
    static let frames: ClosedRange<UInt8> = 0xC0...0xCF
    static let notFrames: [UInt8] = [0xC4, 0xC8, 0xCC]

    /// Those that stand alone, without a length: TEM, RST0 to RST7, SOI, EOI.
    static func standsAlone(_ marker: UInt8) -> Bool {
        marker == 0x01 || (0xD0...0xD9).contains(marker)
    }
}

/// A walk from marker to marker, as libjpeg does it: what is no marker where one should be is passed
/// over.
struct JPEGSegments {
    /// A marker and where the data of its segment is.
    struct Segment {
        let marker: UInt8
        let data: Range<Int>
    }

    private var position: Int

    init(from position: Int) { self.position = position }

    /// - Throws: `.truncated` at the end, `.damaged` for a length that cannot be one.
    mutating func next(in bytes: Span<UInt8>) throws(JPEGError) -> Segment {
        let marker = try nextMarker(in: bytes)
        guard !Marker.standsAlone(marker) else {
            return Segment(marker: marker, data: position..<position)
        }
        guard bytes.count - position >= 2 else { throw .truncated }
        let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
        guard length >= 2 else { throw .damaged("a bad segment length") }
        guard length <= bytes.count - position else { throw .truncated }
        let data = position + 2..<position + length
        position = data.upperBound
        return Segment(marker: marker, data: data)
    }

    /// The next byte behind one or more 0xFF that is neither one nor 0.
    private mutating func nextMarker(in bytes: Span<UInt8>) throws(JPEGError) -> UInt8 {
        var isAfterFill = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == 0xFF {
                isAfterFill = true
            } else if isAfterFill, byte != 0 {
                return byte
            } else {
                isAfterFill = false
            }
        }
        throw .truncated
    }
}
