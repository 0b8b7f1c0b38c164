// Content codings: counting and decoding agree.

import Codecs

func test(_ bytes: [UInt8]) {
    for coding in ContentCoding.allCases {
        guard let count = try? coding.decodedByteCount(of: bytes.span, bytesMax: 1 << 20) else {
            continue
        }
        guard let decoded = try? coding.decode(bytes.span, byteCount: count) else {
            preconditionFailure("counted, but not decoded")
        }
        precondition(decoded.count == count)
    }
}
