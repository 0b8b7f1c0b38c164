// safetensors: tensors follow one another to the end of the file, and their elements are read.

import Codecs

func test(_ bytes: [UInt8]) {
    guard let file = try? SafetensorsFile.parse(bytes.span) else { return }
    var position = file.tensors.first?.view.byteRange.lowerBound ?? bytes.count
    for (_, view) in file.tensors {
        precondition(view.byteRange.lowerBound == position)
        position = view.byteRange.upperBound
        if let values = try? Elements.float32(view, of: bytes.span) {
            precondition(values.count == view.elementCount && values.allSatisfy(\.isFinite))
        }
    }
    precondition(position == bytes.count)
}
