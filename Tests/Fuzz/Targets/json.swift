// JSON: what is read is written and read again as the same.

import Codecs

func test(_ bytes: [UInt8]) {
    // At an odd place in a larger array, as a part of a form lies.
    let padded = [0x5B] + bytes + [0x5D]
    guard let value = try? JSON.parse(padded[1..<padded.count - 1]) else { return }
    let text = value.encode()
    guard let again = try? JSON.parse(text[...]) else { preconditionFailure("not read again") }
    precondition(again.encode() == text)
}
