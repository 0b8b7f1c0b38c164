// The chunks of a PNG file (PNG, third edition, §5), walked before anything is inflated or memory is
// taken: what is missing or damaged is found here, and so is what is only odd.

/// Where the parts of a PNG are that its samples come from. Every critical chunk has a right CRC.
struct PNGChunks {
    /// The PLTE chunk of a palette image, with its length, type and CRC.
    private(set) var palette: Range<Int>?
    /// The IDAT chunks that follow one another, from the first that is not empty.
    private(set) var imageData = 0..<0
    /// Whether a tRNS chunk belongs to the image.
    private(set) var hasTransparency = false
    private(set) var irregularities: Set<PNGIrregularity> = []

    private let header: PNGHeader
    /// Whether an RGB image has had its suggested palette.
    private var hasSuggestedPalette = false
    /// Whether another chunk has followed the image data.
    private var isAfterImageData = false

    /// - Throws: for an end before IEND, a chunk that cannot be one, an unknown critical chunk, a
    ///   second IHDR, a wrong CRC of a critical chunk, and a missing or unusable palette.
    init(
        _ bytes: Span<UInt8>, _ header: PNGHeader, isCancelled: () -> Bool
    ) throws(PNGError) {
        self.header = header
        var position = PNG.headerByteCount
        while true {
            guard bytes.count - position >= 12 else { throw .truncated }
            let length = Int(PNG.bigEndian32(bytes, at: position))
            let type = PNG.bigEndian32(bytes, at: position + 4)
            guard length <= Int(Int32.max), Self.isType(type) else { throw .damaged("bad chunk") }
            guard length <= bytes.count - position - 12 else { throw .truncated }
            let chunk = position..<position + 12 + length
            if type & Self.ancillaryBit == 0 {
                try Self.checkCRC(bytes, chunk, isCancelled)
            }
            switch type {
            case Self.iend:
                if length > 0 { irregularities.insert(.end) }
                guard !imageData.isEmpty else { throw .damaged("no image data") }
                return
            case Self.idat: didFindImageData(chunk)
            case Self.plte: try didFindPalette(chunk)
            case Self.trns: didFindTransparency(bytes, chunk)
            case _ where type & Self.ancillaryBit == 0:
                throw .damaged(type == Self.ihdr ? "second IHDR" : "unknown critical chunk")
            default: break
            }
            if type != Self.idat { isAfterImageData = !imageData.isEmpty }
            position = chunk.upperBound
        }
    }

    private mutating func didFindImageData(_ chunk: Range<Int>) {
        if isAfterImageData {
            if chunk.count > 12 { irregularities.insert(.lateImageData) }
        } else if imageData.isEmpty {
            if chunk.count > 12 { imageData = chunk }
        } else {
            imageData = imageData.lowerBound..<chunk.upperBound
        }
    }

    private mutating func didFindPalette(_ chunk: Range<Int>) throws(PNGError) {
        let length = chunk.count - 12
        guard header.colorType == .palette else {
            let isSuggestion = header.colorType == .rgb || header.colorType == .rgba
            let isRegular =
                isSuggestion && !hasSuggestedPalette && imageData.isEmpty
                && (3...768).contains(length) && length.isMultiple(of: 3)
            if !isRegular { irregularities.insert(.palette) }
            hasSuggestedPalette = true
            return
        }
        guard palette == nil else { throw .damaged("second palette") }
        guard imageData.isEmpty, (3...768).contains(length), length.isMultiple(of: 3) else {
            throw .damaged("bad palette")
        }
        if length / 3 > 1 << header.bitDepth { irregularities.insert(.palette) }
        palette = chunk
    }

    private mutating func didFindTransparency(_ bytes: Span<UInt8>, _ chunk: Range<Int>) {
        let length = chunk.count - 12
        let isRightLength =
            switch header.colorType {
            case .gray: length == 2
            case .rgb: length == 6
            case .palette: palette.map { (1...($0.count - 12) / 3).contains(length) } ?? false
            case .grayAlpha, .rgba: false
            }
        if isRightLength, imageData.isEmpty, !hasTransparency, Self.hasRightCRC(bytes, chunk) {
            hasTransparency = true
        } else {
            irregularities.insert(.transparency)
        }
    }
}

extension PNGChunks {
    private static let ihdr: UInt32 = 0x4948_4452
    private static let plte: UInt32 = 0x504C_5445
    private static let idat: UInt32 = 0x4944_4154
    private static let iend: UInt32 = 0x4945_4E44
    private static let trns: UInt32 = 0x7452_4E53
    /// §5.4: the case of the first letter.
    private static let ancillaryBit: UInt32 = 0x2000_0000
    /// Bytes between two looks at whether anybody still waits.
    private static let crcSliceBytes = 1 << 20

    /// §5.3: four letters.
    private static func isType(_ type: UInt32) -> Bool {
        [24, 16, 8, 0].allSatisfy { shift in
            let letter = UInt8(truncatingIfNeeded: type >> UInt32(shift)) | 0x20
            return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
        }
    }

    private static func checkCRC(
        _ bytes: Span<UInt8>, _ chunk: Range<Int>, _ isCancelled: () -> Bool
    ) throws(PNGError) {
        let end = chunk.upperBound - 4
        var crc: UInt32 = 0
        for start in stride(from: chunk.lowerBound + 4, to: end, by: crcSliceBytes) {
            guard !isCancelled() else { throw .cancelled }
            crc = crc32(crc, bytes.extracting(start..<min(start + crcSliceBytes, end)))
        }
        guard crc == PNG.bigEndian32(bytes, at: end) else { throw .damaged("wrong CRC") }
    }

    private static func hasRightCRC(_ bytes: Span<UInt8>, _ chunk: Range<Int>) -> Bool {
        let end = chunk.upperBound - 4
        return crc32(0, bytes.extracting(chunk.lowerBound + 4..<end))
            == PNG.bigEndian32(bytes, at: end)
    }
}
