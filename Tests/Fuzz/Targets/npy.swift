// npy: the elements of what is found lie inside the file.

import Codecs

func test(_ bytes: [UInt8]) {
    guard let view = try? NPY.parse(bytes.span) else { return }
    precondition(view.byteRange.upperBound <= bytes.count)
    if let values = try? Elements.float32(view, of: bytes.span) {
        precondition(values.count == view.elementCount && values.allSatisfy(\.isFinite))
    }
    if let values = try? Elements.float64(view, of: bytes.span) {
        precondition(values.count == view.elementCount && values.allSatisfy(\.isFinite))
    }
}
