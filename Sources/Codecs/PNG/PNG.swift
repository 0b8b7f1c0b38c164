// PNG files → samples as stored. The only Swift file that imports libpng's shim.

import CPNG

/// A decoded image.
public struct PNGImage: Sendable, Equatable {
    /// `height * width * channels` samples, 8 bits or, when the file's depth is 16, 16 bits wide.
    public enum Samples: Sendable, Equatable {
        case uint8([UInt8])
        case uint16([UInt16])
    }

    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// 1 (gray) or 3 (RGB).
    public let channels: Int
    /// Whether an alpha channel or a tRNS chunk was dropped.
    public let hadAlpha: Bool
    /// Rows from the top, interleaved, without padding.
    public let samples: Samples
}

/// Decoding of PNG, every colour type, depth and interlacing (PNG, third edition, W3C 2025).
public enum PNG {
    /// Deflate codes at most 258 bytes in 2 bits, a ratio of 1032 (zlib's technical notes), so a
    /// short file that claims many pixels is known to be cut before memory is taken for them.
    private static let deflateRatioMax = 1032

    /// Decodes a whole file, samples as stored: no gamma, no colour profile, no composition.
    ///
    /// Gray of 1, 2 and 4 bits is scaled by 255 / (2^depth − 1), a palette becomes RGB, 16-bit
    /// samples keep their precision. Alpha and tRNS are dropped, and `hadAlpha` says so. Of an
    /// animated PNG this is the default image. Ancillary chunks and bytes after IEND are skipped.
    /// Refused are CRC errors in critical chunks, a wrong Adler-32, missing rows, surplus image data
    /// and palette indices without an entry.
    ///
    /// - Parameter pixelsMax: limit of width × height, compared before memory is taken.
    public static func decode(
        _ bytes: Span<UInt8>, pixelsMax: Int
    ) throws(PNGError) -> PNGImage {
        let header = try header(bytes)
        guard header.pixelCount <= pixelsMax else {
            throw .tooManyPixels(
                width: header.width, height: header.height, pixelsMax: pixelsMax)
        }
        let pixelsPossible = bytes.count * (8 * deflateRatioMax) / header.storedBitsPerPixel
        guard header.pixelCount <= pixelsPossible else { throw .truncated }

        var hadAlpha = false
        let samples: PNGImage.Samples =
            header.bitDepth == 16
            ? .uint16(try decodeSamples(bytes, header, hadAlpha: &hadAlpha))
            : .uint8(try decodeSamples(bytes, header, hadAlpha: &hadAlpha))
        return PNGImage(
            width: header.width, height: header.height, channels: header.channels,
            hadAlpha: hadAlpha, samples: samples)
    }

    private static func decodeSamples<Sample: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: Span<UInt8>, _ header: PNGHeader, hadAlpha: inout Bool
    ) throws(PNGError) -> [Sample] {
        let count = header.pixelCount * header.channels
        var failure: PNGError?
        let samples = unsafe [Sample](unsafeUninitializedCapacity: count) { buffer, initialized in
            failure = unsafe fill(
                UnsafeMutableRawBufferPointer(buffer), from: bytes, header, hadAlpha: &hadAlpha)
            initialized = failure == nil ? count : 0
        }
        if let failure { throw failure }
        return samples
    }

    private static func fill(
        _ samples: UnsafeMutableRawBufferPointer, from bytes: Span<UInt8>, _ header: PNGHeader,
        hadAlpha: inout Bool
    ) -> PNGError? {
        guard let base = samples.baseAddress else { return .outOfMemory }
        let target = unsafe CPNGTarget(
            width: UInt32(header.width), height: UInt32(header.height),
            samples: base.assumingMemoryBound(to: UInt8.self),
            row_bytes: header.width * header.channels * header.bytesPerSample)
        var reason = [CChar](repeating: 0, count: 80)
        let status = unsafe bytes.withUnsafeBufferPointer { file in
            guard let first = file.baseAddress else { return CPNGStatus.truncated }
            return unsafe cpng_decode(first, file.count, target, &hadAlpha, &reason, reason.count)
        }
        return switch status {
        case .decoded: nil
        case .truncated: .truncated
        case .damaged: .damaged(text(reason))
        case .paletteIndex: .paletteIndexOutOfRange
        case .outOfMemory: .outOfMemory
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
