// The only Swift file that imports libjpeg's shim.

import CJPEG

/// Rows out of compressed data, into memory of the caller's.
@safe struct JPEGRows: ~Copyable {
    private let decoder: OpaquePointer

    /// Both buffers outlive this value.
    private init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ header: JPEGHeader,
        _ samples: UnsafeMutableBufferPointer<UInt8>
    ) throws(JPEGError) {
        guard let base = samples.baseAddress, let file = bytes.baseAddress else {
            throw .outOfMemory
        }
        let target = unsafe CJPEGTarget(
            width: UInt32(header.width), height: UInt32(header.height),
            channels: UInt32(header.channels), samples: base)
        guard let decoder = unsafe cjpeg_create(target, file, bytes.count) else {
            throw .outOfMemory
        }
        unsafe self.decoder = decoder
    }

    deinit { unsafe cjpeg_destroy(decoder) }

    /// Fills all rows or throws.
    static func decode(
        _ bytes: Span<UInt8>, _ header: JPEGHeader, _ samples: UnsafeMutableBufferPointer<UInt8>,
        _ isCancelled: () -> Bool
    ) throws(JPEGError) -> Set<JPEGIrregularity> {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(JPEGError) in
            let rows = try unsafe JPEGRows(buffer, header, samples)
            while true {
                guard !isCancelled() else { throw .cancelled }
                switch unsafe cjpeg_step(rows.decoder) {
                case .incomplete: continue
                case .complete: return rows.irregularities
                case .truncated: throw .truncated
                case .outOfMemory: throw .outOfMemory
                case .damaged:
                    throw unsafe .damaged(String(cString: cjpeg_reason(rows.decoder)))
                }
            }
        }
    }

    private var irregularities: Set<JPEGIrregularity> {
        let bits = unsafe Int(cjpeg_oddities(decoder))
        let names: [(Int, JPEGIrregularity)] = [
            (CJPEGOddityBytesBeforeImage, .bytesBeforeImage),
            (CJPEGOddityScanParameters, .scanParameters),
        ]
        return Set(names.filter { bits & $0.0 != 0 }.map(\.1))
    }
}
