// The only Swift file that imports libpng's shim.

import CPNG

/// Rows out of compressed data, into memory of the caller's.
@safe struct PNGRows: ~Copyable {
    /// Compressed bytes between two looks at whether anybody still waits: at most 16 MiB of rows.
    private static let sliceBytes = 16 << 10
    /// Pixels of a palette image that become samples between two looks.
    private static let expandedPixels = 1 << 18

    private var decoder: OpaquePointer
    private let target: CPNGTarget

    /// - Parameter samples: as many bytes as the header's decoded image has; outlives this value.
    init(_ samples: UnsafeMutableRawBufferPointer, _ header: PNGHeader) throws(PNGError) {
        guard let base = samples.baseAddress else { throw .outOfMemory }
        let target = unsafe CPNGTarget(
            width: UInt32(header.width), height: UInt32(header.height),
            samples: base.assumingMemoryBound(to: UInt8.self),
            row_bytes: header.width * header.channels * header.bytesPerSample)
        guard let decoder = unsafe cpng_create(target) else { throw .outOfMemory }
        unsafe self.decoder = decoder
        unsafe self.target = target
    }

    deinit { unsafe cpng_destroy(decoder) }

    /// Whether the compressed data did not end with the last row.
    var hasOddEnd: Bool { unsafe cpng_has_odd_end(decoder) }

    /// Fills all rows or throws.
    mutating func decode(
        _ bytes: Span<UInt8>, _ chunks: PNGChunks, _ isCancelled: () -> Bool
    ) throws(PNGError) {
        let data = chunks.imageData
        begin(bytes, chunks)
        if let fault = try firstFault(bytes, data, by: Self.sliceBytes, isCancelled) {
            // zlib inflates a row and meets a wrong end of the stream in one call, and libpng drops
            // the row then. Once more, and byte by byte where the fault is: every row that the bytes
            // before it complete is there.
            guard let second = unsafe cpng_create(target) else { throw .outOfMemory }
            unsafe cpng_destroy(decoder)
            unsafe decoder = second
            begin(bytes, chunks)
            _ = try firstFault(
                bytes, data.lowerBound..<fault, by: Self.sliceBytes, isCancelled)
            _ = try firstFault(
                bytes, fault..<min(fault + Self.sliceBytes, data.upperBound), by: 1, isCancelled)
        }
        var status = unsafe cpng_finish(decoder)
        while status == .complete || status == .incomplete, unsafe cpng_has_indices(decoder) {
            guard !isCancelled() else { throw .cancelled }
            status = unsafe cpng_expand(decoder, Self.expandedPixels)
        }
        switch status {
        case .complete: return
        case .paletteIndex: throw .paletteIndexOutOfRange
        case .outOfMemory: throw .outOfMemory
        case .damaged, .incomplete:
            throw unsafe .damaged(String(cString: cpng_reason(decoder)))
        }
    }

    /// What comes before the image data.
    private func begin(_ bytes: Span<UInt8>, _ chunks: PNGChunks) {
        _ = feed(bytes.extracting(0..<PNG.headerByteCount))
        if let palette = chunks.palette { _ = feed(bytes.extracting(palette)) }
    }

    /// Feeds a range in slices up to the first that libpng refuses, where the one starts.
    private func firstFault(
        _ bytes: Span<UInt8>, _ range: Range<Int>, by count: Int, _ isCancelled: () -> Bool
    ) throws(PNGError) -> Int? {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: count) {
            guard !isCancelled() else { throw .cancelled }
            let slice = bytes.extracting(start..<min(start + count, range.upperBound))
            switch feed(slice) {
            case .damaged: return start
            case .outOfMemory: throw .outOfMemory
            default: break
            }
            // Surplus data is not inflated: its checksums are right, and nobody asks for it.
            if hasOddEnd { return nil }
        }
        return nil
    }

    private func feed(_ bytes: Span<UInt8>) -> CPNGStatus {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .incomplete }
            return unsafe cpng_feed(decoder, base, buffer.count)
        }
    }
}
