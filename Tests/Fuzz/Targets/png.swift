// PNG: sound images have all their samples, the same ones each time. CRCs are mended first, as a
// fuzzer does not guess them.

import Codecs

func test(_ bytes: [UInt8]) {
    for file in [bytes, withRightChecksums(bytes)] {
        guard let image = try? PNG.decode(file.span, pixelsMax: 1 << 16) else { continue }
        let count = image.width * image.height * image.channels
        switch image.samples {
        case .uint8(let samples): precondition(samples.count == count)
        case .uint16(let samples): precondition(samples.count == count)
        }
        precondition((try? PNG.decode(file.span, pixelsMax: 1 << 16)) == image)
    }
}

private func withRightChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var file = bytes
    var position = 8
    while position + 12 <= file.count {
        let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        let end = position + 8 + length
        guard end + 4 <= file.count else { break }
        let crc = file[position + 4..<end].reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
                crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0)
            }
        }
        for index in 0..<4 { file[end + index] = UInt8(~crc >> (24 - 8 * UInt32(index)) & 0xFF) }
        position = end + 4
    }
    return file
}
