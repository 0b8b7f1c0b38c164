// PNG files made in code, from the specification alone (no libpng, no zlib), so that tests of the
// decoder compare it with something independent. Wrong files are made by setting a field wrong.

/// A PNG file to be. Every field goes into the file as it is, legal or not.
public struct PNGBytes: Sendable {
    /// PNG §9: the filter of each row; `cycling` uses all five in turn.
    public enum Filter: Sendable, CaseIterable {
        case none, sub, up, average, paeth, cycling
    }

    /// Pixels a row.
    public var width: Int
    /// Rows.
    public var height: Int
    /// Bits a sample.
    public var bitDepth: Int
    /// 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGBA.
    public var colorType: Int
    /// Whether rows go in Adam7 order.
    public var isInterlaced = false
    /// The stored sample (or palette index) at x, y and channel, below 2^bitDepth.
    public var sample: @Sendable (_ x: Int, _ y: Int, _ channel: Int) -> Int
    /// RGB triples; written as PLTE when not empty.
    public var palette: [UInt8] = []
    /// The data of tRNS; written when not empty.
    public var transparency: [UInt8] = []
    /// The filter of the rows.
    public var filter = Filter.cycling
    /// Whole chunks (see `chunk`) between IHDR and PLTE.
    public var chunksBeforePalette: [UInt8] = []
    /// Whole chunks between tRNS and IDAT.
    public var chunksBeforeData: [UInt8] = []
    /// Whole chunks between IDAT and IEND.
    public var chunksAfterData: [UInt8] = []
    /// The zlib stream is cut into IDAT chunks of at most this many bytes.
    public var dataChunkBytesMax = 8192
    /// What becomes of the zlib stream before it is cut into chunks.
    public var editStream: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    /// Rows (of the last Adam7 pass, when interlaced) that are left out of the data.
    public var missingRows = 0

    /// A legal file but for the fields set afterwards; 8-bit RGB when nothing else is said.
    public init(
        width: Int, height: Int, bitDepth: Int = 8, colorType: Int = 2,
        sample: @escaping @Sendable (_ x: Int, _ y: Int, _ channel: Int) -> Int
    ) {
        self.width = width
        self.height = height
        self.bitDepth = bitDepth
        self.colorType = colorType
        self.sample = sample
    }

    /// Samples a pixel as stored: alpha included, 1 for a palette index.
    public var storedChannels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1 }

    /// The file.
    public var encoded: [UInt8] {
        var file = Self.signature + header
        file += chunksBeforePalette
        if !palette.isEmpty { file += Self.chunk("PLTE", palette) }
        if !transparency.isEmpty { file += Self.chunk("tRNS", transparency) }
        file += chunksBeforeData
        let data = editStream(Self.zlib(filteredRows))
        for start in stride(from: 0, to: data.count, by: dataChunkBytesMax) {
            let end = min(start + dataChunkBytesMax, data.count)
            file += Self.chunk("IDAT", Array(data[start..<end]))
        }
        file += chunksAfterData
        return file + Self.chunk("IEND", [])
    }

    /// PNG §5.2.
    public static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A chunk with its length and CRC; `crcError` is XORed into the CRC.
    public static func chunk(_ type: String, _ data: [UInt8], crcError: UInt32 = 0) -> [UInt8] {
        let typed = Array(type.utf8) + data
        return bigEndian(UInt32(data.count)) + typed + bigEndian(crc32(typed) ^ crcError)
    }

    /// IHDR from its fields.
    public static func header(
        width: UInt32, height: UInt32, bitDepth: UInt8 = 8, colorType: UInt8 = 2,
        compression: UInt8 = 0, filter: UInt8 = 0, interlace: UInt8 = 0
    ) -> [UInt8] {
        chunk(
            "IHDR",
            bigEndian(width) + bigEndian(height)
                + [bitDepth, colorType, compression, filter, interlace])
    }

    private var header: [UInt8] {
        Self.header(
            width: UInt32(width), height: UInt32(height), bitDepth: UInt8(bitDepth),
            colorType: UInt8(colorType), interlace: isInterlaced ? 1 : 0)
    }
}

// MARK: - Rows

extension PNGBytes {
    /// Adam7 (PNG §8.2): first column, first row, column step, row step.
    private static let adam7 = [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]

    private var filteredRows: [UInt8] {
        var bytes: [UInt8] = []
        let passes = isInterlaced ? Self.adam7 : [(0, 0, 1, 1)]
        for (passIndex, (x0, y0, dx, dy)) in passes.enumerated() {
            let columns = Array(stride(from: x0, to: width, by: dx))
            var rows = Array(stride(from: y0, to: height, by: dy))
            if passIndex == passes.count - 1 { rows.removeLast(min(missingRows, rows.count)) }
            guard !columns.isEmpty else { continue }
            var previous: [UInt8] = []
            for (index, y) in rows.enumerated() {
                let row = packedRow(columns, y)
                let type = filterType(index)
                bytes.append(UInt8(type))
                bytes += filtered(row, previous, type)
                previous = row
            }
        }
        return bytes
    }

    /// PNG §7.2: samples packed from the high bits down, 16-bit ones big-endian.
    private func packedRow(_ columns: [Int], _ y: Int) -> [UInt8] {
        var row: [UInt8] = []
        var pending = 0
        var pendingBits = 0
        for x in columns {
            for channel in 0..<storedChannels {
                pending = pending << bitDepth | sample(x, y, channel)
                pendingBits += bitDepth
                while pendingBits >= 8 {
                    pendingBits -= 8
                    row.append(UInt8(pending >> pendingBits & 0xFF))
                }
                pending &= (1 << pendingBits) - 1
            }
        }
        if pendingBits > 0 { row.append(UInt8(pending << (8 - pendingBits) & 0xFF)) }
        return row
    }

    private func filterType(_ row: Int) -> Int {
        switch filter {
        case .none: 0
        case .sub: 1
        case .up: 2
        case .average: 3
        case .paeth: 4
        case .cycling: row % 5
        }
    }

    /// PNG §9.2: x is the byte, a its left neighbour, b the one above, c the one above a.
    private func filtered(_ row: [UInt8], _ previous: [UInt8], _ type: Int) -> [UInt8] {
        let step = max(1, storedChannels * bitDepth / 8)
        return row.indices.map { index in
            let a = index >= step ? Int(row[index - step]) : 0
            let b = previous.isEmpty ? 0 : Int(previous[index])
            let c = index >= step && !previous.isEmpty ? Int(previous[index - step]) : 0
            let predicted = [0, a, b, (a + b) / 2, Self.paeth(a, b, c)][type]
            return UInt8(truncatingIfNeeded: Int(row[index]) - predicted)
        }
    }

    private static func paeth(_ a: Int, _ b: Int, _ c: Int) -> Int {
        let p = a + b - c
        let (pa, pb, pc) = (abs(p - a), abs(p - b), abs(p - c))
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
    }
}

// MARK: - zlib (RFC 1950, RFC 1951)

extension PNGBytes {
    /// `data` as a zlib stream of stored blocks.
    public static func zlib(_ data: [UInt8]) -> [UInt8] {
        [0x78, 0x01] + storedBlocks(data) + bigEndian(adler32(data))
    }

    /// A zlib stream of zeros, 159 to a byte, for decompression bombs: one block of fixed Huffman
    /// codes with a literal, then copies from distance 1, 258 zeros in 13 bits.
    public static func zlib(zeros count: Int) -> [UInt8] {
        var writer = BitWriter()
        writer.append(0b011, bits: 3)  // last block, fixed codes
        let copies = max(0, count - 1) / 258
        for _ in 0..<count - 258 * copies { writer.append(0b0000_1100, bits: 8) }  // literal 0
        for _ in 0..<copies { writer.append(0b00000_1010_0011, bits: 13) }  // 285, then distance 1
        writer.append(0, bits: 7)  // end of block
        return [0x78, 0x01] + writer.finished + bigEndian(UInt32(count % 65521) << 16 | 1)
    }

    /// A zlib stream of 401 bytes below 144 twice, the second time as copies from a distance of 401,
    /// whatever window the header declares (RFC 1950 §2.2: 2^(8 + windowBits)).
    public static func zlib(twice row: [UInt8], windowBits: Int) -> [UInt8] {
        precondition(row.count == 401 && row.allSatisfy { $0 < 144 })
        var writer = BitWriter()
        writer.append(0b011, bits: 3)  // last block, fixed codes
        for byte in row { writer.append(reversed(0x30 + Int(byte), bits: 8), bits: 8) }
        for (symbol, extra, extraBits) in [(285, 0, 0), (281, 12, 5)] {  // lengths 258 and 143
            writer.append(reversed(0b1100_0000 + symbol - 280, bits: 8), bits: 8)
            writer.append(extra, bits: extraBits)
            writer.append(reversed(17, bits: 5), bits: 5)  // distances from 385
            writer.append(401 - 385, bits: 7)
        }
        writer.append(0, bits: 7)  // end of block
        let method = windowBits << 4 | 8
        let header = [UInt8(method), UInt8(31 - method << 8 % 31)]
        return header + writer.finished + bigEndian(adler32(row + row))
    }

    private static func reversed(_ code: Int, bits: Int) -> Int {
        (0..<bits).reduce(0) { $0 | (code >> $1 & 1) << (bits - 1 - $1) }
    }

    private static func storedBlocks(_ data: [UInt8]) -> [UInt8] {
        var blocks: [UInt8] = []
        var start = 0
        repeat {
            let end = min(start + 0xFFFF, data.count)
            let count = UInt16(end - start)
            blocks.append(end == data.count ? 1 : 0)
            for word in [count, ~count] { blocks += [UInt8(word & 0xFF), UInt8(word >> 8)] }
            blocks += data[start..<end]
            start = end
        } while start < data.count
        return blocks
    }

    /// Bits go in from the low end; Huffman codes are given reversed (RFC 1951 §3.1.1).
    private struct BitWriter {
        private var bytes: [UInt8] = []
        private var pending = 0
        private var count = 0

        mutating func append(_ value: Int, bits: Int) {
            pending |= value << count
            count += bits
            while count >= 8 {
                bytes.append(UInt8(pending & 0xFF))
                pending >>= 8
                count -= 8
            }
        }

        var finished: [UInt8] { count > 0 ? bytes + [UInt8(pending & 0xFF)] : bytes }
    }

    /// RFC 1950 §8.2.
    public static func adler32(_ data: [UInt8]) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in data {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return high << 16 | low
    }

    /// PNG annex D.
    public static func crc32(_ data: [UInt8]) -> UInt32 {
        ~data.reduce(UInt32.max) { crc, byte in
            crcTable[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8
        }
    }

    private static let crcTable: [UInt32] = (0..<256).map { value in
        (0..<8).reduce(UInt32(value)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }

    static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(value >> UInt32($0) & 0xFF) }
    }
}
