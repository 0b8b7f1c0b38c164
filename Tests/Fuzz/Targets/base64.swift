// Base64 is strict, so a text that is read is the one text of its bytes.

import Codecs

func test(_ bytes: [UInt8]) {
    guard let decoded = try? Base64.decode(bytes.span) else { return }
    precondition(decoded.count <= Base64.decodedByteCountMax(bytes.count))
    precondition(encoded(decoded) == bytes)
}

/// RFC 4648 §4.
private func encoded(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = (0..<3).reduce(0) { bits, index in
            bits << 8 | (index < group.count ? Int(group[start + index]) : 0)
        }
        for index in 0..<4 {
            text.append(
                index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
        }
    }
    return text
}
