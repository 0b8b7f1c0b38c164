import Codecs
import TestSupport
import Testing

@Suite struct MediaSnifferTests {
    /// The start of a ZIP archive whose first file has this name.
    private static func archive(_ name: String) -> [UInt8] {
        var header = Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 26)
        header[26] = UInt8(name.utf8.count)
        return header + name.utf8
    }

    @Test(arguments: [
        ("rgb.png", MediaSniffer.Kind.png), ("float32.npy", .npy), ("version3.npy", .npy),
        ("types.safetensors", .safetensors), ("singles.safetensors", .safetensors),
    ])
    func `knows what is read`(name: String, kind: MediaSniffer.Kind) throws {
        let file = try Fixture.bytes(name)
        #expect(MediaSniffer.kind(of: file.span) == kind)
    }

    @Test(
        arguments: [
            ([0xFF, 0xD8, 0xFF, 0xE0], .jpeg), (Array("GIF89a".utf8), .gif),
            (Array("GIF87a".utf8), .gif),
            (Array("BM6".utf8), .bmp), (Array("II*\0".utf8), .tiff), (Array("MM\0*".utf8), .tiff),
            (Array("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ".utf8), .webp),
            (Array("\0\0\0\u{1C}ftypavif".utf8), .avif),
            (Array("\0\0\0\u{18}ftypheic".utf8), .heif),
            ([0xFF, 0x0A, 0], .jpegXL), ([0, 0, 0, 12] + Array("JXL ".utf8), .jpegXL),
            ([0, 0, 0, 12] + Array("jP  \r\n".utf8) + [0x87, 0x0A], .jpeg2000),
            ([0xFF, 0x4F, 0xFF, 0x51], .jpeg2000),
            (archive("a.npy"), .npz), (archive("model/data.pkl"), .pyTorch),
            (archive("readme.txt"), .zip), (Array("PK\u{5}\u{6}".utf8), .zip),
            (Array("PK\u{3}\u{4}".utf8), .zip), ([0x1F, 0x8B, 8], .gzip),
            ([0x80, 4, 0x95], .pickle),
            (Array("%PDF-1.7".utf8), .pdf), (Array("<!DOCTYPE html>".utf8), .html),
            (Array("{\"png\": \"\"}".utf8), .json), (Array(" \r\n\t[1]".utf8), .json),
            ([], .unknown), ([0x89], .unknown), (Array("hello".utf8), .unknown),
            (Array("   ".utf8), .unknown), ([UInt8](repeating: 0, count: 64), .unknown),
            // A safetensors header cannot be longer than the file.
            ([9, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), .unknown),
            ([255, 255, 255, 255, 255, 255, 255, 255] + Array("{}".utf8), .unknown),
            ([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), .safetensors),
            // Damaged by a transfer in text mode; the decoder says so.
            ([0x89] + Array("PNG\n".utf8), .png),
        ] as [([UInt8], MediaSniffer.Kind)])
    func `knows what is refused by name`(bytes: [UInt8], kind: MediaSniffer.Kind) {
        #expect(MediaSniffer.kind(of: bytes.span) == kind)
    }

    @Test(arguments: [
        MediaSniffer.Kind.webp, .avif, .heif, .gif, .tiff, .bmp, .jpeg2000, .jpegXL, .npz, .pdf,
    ])
    func `names the command that converts`(kind: MediaSniffer.Kind) throws {
        let command = try #require(kind.conversion)
        #expect(kind.refusal == "\(kind.rawValue), which is not read; convert it: \(command)")
        #expect(kind.refusal.utf8.allSatisfy { $0 < 128 })
    }

    @Test func `reads no further than the data`() throws {
        for name in ["rgb.png", "float32.npy", "types.safetensors"] {
            let file = try Fixture.bytes(name)
            for count in 0..<min(32, file.count) {
                _ = MediaSniffer.kind(of: file.span.extracting(..<count))
            }
        }
    }
}
