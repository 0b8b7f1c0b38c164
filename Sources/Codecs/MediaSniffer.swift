/// Tells the formats of uploads apart by their first bytes, so that the service can decode what
/// arrives without a useful Content-Type and name what it does not read.
public enum MediaSniffer {
    /// A recognised format. `png`, `jpeg`, `npy`, `safetensors` and `json` are read; the others are
    /// known only to be refused by name.
    public enum Kind: String, Sendable, CaseIterable {
        case png = "PNG"
        case npy = "npy"
        case safetensors = "safetensors"
        case json = "JSON"
        case jpeg = "JPEG"
        case jpeg2000 = "JPEG 2000"
        case gif = "GIF"
        case bmp = "BMP"
        case tiff = "TIFF"
        case webp = "WebP"
        case avif = "AVIF"
        case heif = "HEIC"
        case jpegXL = "JPEG XL"
        case npz = "npz"
        case pyTorch = "PyTorch file"
        case zip = "ZIP"
        case gzip = "gzip"
        case pickle = "Python pickle"
        case pdf = "PDF"
        case html = "HTML or XML"
        case unknown = "unknown"
    }

    /// The format whose mark the data begins with; `unknown` for none, and for empty data.
    ///
    /// A damaged signature that still begins with `89 P N G` is `png`, so that decoding can say what
    /// is wrong with it. The data is otherwise not validated.
    public static func kind(of bytes: Span<UInt8>) -> Kind {
        for (mark, offset, kind) in marks where begins(bytes, with: mark, at: offset) {
            return kind
        }
        if isSafetensors(bytes) { return .safetensors }
        return zipKind(bytes) ?? textKind(bytes)
    }

    /// Marks from WHATWG "MIME Sniffing" §6, the TIFF, ISO BMFF, JPEG 2000 and JPEG XL specifications,
    /// NEP 1 (npy) and Python's pickletools (PROTO opcode, versions 2 to 5).
    private static let marks: [(mark: [UInt8], offset: Int, kind: Kind)] = [
        ([0x89] + Array("PNG".utf8), 0, .png),
        ([0x93] + Array("NUMPY".utf8), 0, .npy),
        ([0xFF, 0xD8, 0xFF], 0, .jpeg),
        ([0xFF, 0x4F, 0xFF, 0x51], 0, .jpeg2000),
        (Array("jP  ".utf8) + [0x0D, 0x0A, 0x87, 0x0A], 4, .jpeg2000),
        (Array("GIF87a".utf8), 0, .gif),
        (Array("GIF89a".utf8), 0, .gif),
        (Array("BM".utf8), 0, .bmp),
        (Array("II*".utf8) + [0], 0, .tiff),
        (Array("MM".utf8) + [0] + Array("*".utf8), 0, .tiff),
        (Array("WEBPVP".utf8), 8, .webp),
        (Array("ftypavif".utf8), 4, .avif),
        (Array("ftypavis".utf8), 4, .avif),
        (Array("ftypheic".utf8), 4, .heif),
        (Array("ftypheix".utf8), 4, .heif),
        (Array("ftypmif1".utf8), 4, .heif),
        ([0xFF, 0x0A], 0, .jpegXL),
        (Array("JXL ".utf8), 4, .jpegXL),
        ([0x1F, 0x8B, 0x08], 0, .gzip),
        ([0x80, 2], 0, .pickle),
        ([0x80, 3], 0, .pickle),
        ([0x80, 4], 0, .pickle),
        ([0x80, 5], 0, .pickle),
        (Array("%PDF-".utf8), 0, .pdf),
    ]

    private static func begins(_ bytes: Span<UInt8>, with mark: [UInt8], at offset: Int) -> Bool {
        guard bytes.count >= offset + mark.count else { return false }
        return mark.indices.allSatisfy { bytes[offset + $0] == mark[$0] }
    }

    /// safetensors has no mark: an 8-byte little-endian header length, then the header's `{`.
    private static func isSafetensors(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 8, bytes[8] == UInt8(ascii: "{") else { return false }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
        return length >= 2 && length <= UInt64(bytes.count - 8)
    }

    /// What a ZIP archive holds, by the name of its first file (APPNOTE 4.3.7); nil for what is none.
    private static func zipKind(_ bytes: Span<UInt8>) -> Kind? {
        let mark = Array("PK".utf8)
        if begins(bytes, with: mark + [5, 6], at: 0) { return .zip }
        guard begins(bytes, with: mark + [3, 4], at: 0) else { return nil }
        guard bytes.count >= 30 else { return .zip }
        let end = 30 + Int(bytes[26]) + Int(bytes[27]) << 8
        func endsWith(_ name: String) -> Bool {
            end - name.utf8.count >= 30
                && begins(bytes, with: Array(name.utf8), at: end - name.utf8.count)
        }
        return endsWith(".npy") ? .npz : endsWith("/data.pkl") ? .pyTorch : .zip
    }

    private static func textKind(_ bytes: Span<UInt8>) -> Kind {
        var index = 0
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
        guard index < bytes.count else { return .unknown }
        return switch bytes[index] {
        case UInt8(ascii: "{"), UInt8(ascii: "["): .json
        case UInt8(ascii: "<"): .html
        default: .unknown
        }
    }
}
