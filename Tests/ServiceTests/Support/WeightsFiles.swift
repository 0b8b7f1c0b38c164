import Codecs
import Foundation
import Inference
import TestSupport

/// Files of generated weights in half precision, written once for all tests and removed at the end of
/// the process by whoever clears the temporary directory.
enum WeightsFiles {
    /// A VGG-16 fed as torchvision's is, whose metadata calls it `sixteen`.
    static let vgg16 = Result {
        try write(.vgg16, ["preprocessing": "torchvision", "name": "sixteen"], "a")
    }
    /// A VGG-19 fed as Caffe's is, whose metadata gives no name.
    static let vgg19 = Result { try write(.vgg19, ["preprocessing": "caffe"], "nineteen") }

    private static func write(
        _ architecture: Architecture, _ metadata: [String: String], _ stem: String
    ) throws -> String {
        let tensors = GeneratedWeights.tensors(architecture, seed: 11, elementType: .float16)
        var offset = 0
        let members = tensors.map { tensor in
            let begin = offset
            offset += tensor.byteCount
            return JSON.Member(
                tensor.name,
                [
                    "dtype": "F16", "shape": .array(tensor.shape.map(JSON.integer)),
                    "data_offsets": [.integer(begin), .integer(offset)],
                ])
        }
        let texts = metadata.sorted { $0.key < $1.key }
            .map { JSON.Member($0.key, .string($0.value)) }
        let header = JSON.object([.init("__metadata__", .object(texts))] + members).encode()
        var file = Data((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
        file += header
        for tensor in tensors { file += tensor.bytes }
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent(
                "styleloss-weights-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.appendingPathComponent("\(stem).safetensors")
        try file.write(to: path)
        return path.path
    }
}
