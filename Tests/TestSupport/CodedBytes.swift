// Coded bodies made in code, from RFC 1950 to 1952 alone (no zlib); see PNGBytes.

/// Content codings of HTTP.
public enum CodedBytes {
    /// The zlib format, `deflate`.
    public static func deflate(_ data: [UInt8]) -> [UInt8] { PNGBytes.zlib(data) }

    /// One gzip member; `flags` and `fields` are those of RFC 1952 §2.3.1.
    public static func gzip(_ data: [UInt8], flags: UInt8 = 0, fields: [UInt8] = []) -> [UInt8] {
        gzip(
            stream: PNGBytes.zlib(data), crc: PNGBytes.crc32(data), count: data.count,
            flags: flags, fields: fields)
    }

    /// The zlib format of zeros, 159 to a byte.
    public static func deflate(zeros count: Int) -> [UInt8] { PNGBytes.zlib(zeros: count) }

    /// A gzip member from the deflate data of a zlib stream.
    private static func gzip(
        stream: [UInt8], crc: UInt32, count: Int, flags: UInt8 = 0, fields: [UInt8] = []
    ) -> [UInt8] {
        let head: [UInt8] = [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255]
        let words = [crc, UInt32(truncatingIfNeeded: count)]
        let tail = words.flatMap { word in [0, 8, 16, 24].map { UInt8(word >> $0 & 0xFF) } }
        return head + fields + stream.dropFirst(2).dropLast(4) + tail
    }
}
