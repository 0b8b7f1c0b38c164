// The only Swift file that imports zlib's shim.

import CZlib

/// An inflater of one stream.
@safe struct Inflater: ~Copyable {
    /// What came of one call.
    struct Step {
        fileprivate let status: CZlibStatus
        /// Bytes of the input that were taken.
        let used: Int
        /// Bytes of the output that were written.
        let given: Int

        /// Whether the stream ended, which it must at the end of the body.
        func isEnd(at position: Int, of count: Int) throws(ContentCodingError) -> Bool {
            switch status {
            case .progress: return false
            case .stalled: throw .truncated
            case .damaged: throw .damaged
            case .outOfMemory: throw .outOfMemory
            case .ended:
                guard position == count else { throw .trailingBytes }
                return true
            }
        }
    }

    private let inflater: OpaquePointer

    init(_ coding: ContentCoding) throws(ContentCodingError) {
        guard let inflater = unsafe czlib_create(coding == .gzip) else { throw .outOfMemory }
        unsafe self.inflater = inflater
    }

    deinit { unsafe czlib_destroy(inflater) }

    /// Inflates as much as there is input and room for.
    ///
    /// - Parameter place: where in `output`; not empty.
    mutating func step(
        _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>, at place: Range<Int>
    ) -> Step {
        precondition(place.lowerBound >= 0 && place.upperBound <= output.count)
        var (used, given) = (0, 0)
        let status = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else {
                    return CZlibStatus.stalled
                }
                return unsafe czlib_inflate(
                    inflater, from, source.count, &used, to + place.lowerBound, place.count, &given)
            }
        }
        return Step(status: status, used: used, given: given)
    }
}

/// The CRC-32 of PNG's annex D and RFC 1952 over more bytes; 0 begins one.
func crc32(_ crc: UInt32, _ bytes: Span<UInt8>) -> UInt32 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return crc }
        return unsafe czlib_crc32(crc, base, buffer.count)
    }
}
