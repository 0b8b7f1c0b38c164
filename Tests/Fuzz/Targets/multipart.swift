// Forms: the first line of the input is the Content-Type, the rest the body.

import HTTP

func test(_ bytes: [UInt8]) {
    let end = bytes.firstIndex(of: 0x0A) ?? bytes.endIndex
    let contentType = String(decoding: bytes[..<end], as: UTF8.self)
    let body = Array(bytes[end...].dropFirst())
    guard let parts = try? MultipartParser.parse(body, contentType: contentType) else { return }
    var position = 0
    for part in parts {
        precondition(position <= part.body.lowerBound && part.body.upperBound <= body.count)
        precondition((1...256).contains(part.name.count))
        position = part.body.upperBound
    }
}
