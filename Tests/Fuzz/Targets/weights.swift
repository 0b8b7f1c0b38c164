// Files of weights: whatever is in them, a network or an error.

import Codecs
import Inference

func test(_ bytes: [UInt8]) {
    let limit = SafetensorsFile.formatHeaderBytesMax
    guard let file = try? SafetensorsFile.parse(bytes.span, headerBytesMax: limit) else { return }
    bytes.withUnsafeBytes { raw in
        let tensors = file.tensors.map { name, view in
            WeightTensor(
                name: name.string, elementType: elementType(view.elementType), shape: view.shape,
                bytes: UnsafeRawBufferPointer(rebasing: raw[view.byteRange]), owner: nil)
        }
        _ = try? Network(
            name: "fuzz", sha256: "", tensors: tensors, metadata: file.metadataStrings)
    }
}

private func elementType(_ type: ElementType) -> WeightTensor.ElementType {
    switch type {
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float32: .float32
    default: .other(type.rawValue)
    }
}
