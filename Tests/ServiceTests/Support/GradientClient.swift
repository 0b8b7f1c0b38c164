import Codecs
import Foundation
import TestSupport
import Testing

/// A tensor of a request.
struct SentTensor {
    let name: String
    let shape: [Int]
    let values: [Float]

    init(_ name: String, _ shape: [Int], _ values: [Float]) {
        (self.name, self.shape, self.values) = (name, shape, values)
    }

    /// Noise in [0, 1].
    init(_ name: String, _ shape: [Int], seed: Int) {
        self.init(name, shape, Sample.floats(shape.reduce(1, *), seed))
    }

    static func safetensors(_ tensors: [SentTensor]) -> [UInt8] {
        SafetensorsFile.encode(tensors.map { ($0.name, $0.shape, $0.values) }, metadata: [:])
    }
}

/// An answer with gradients in safetensors.
struct GradientAnswer {
    /// By name, without `json`.
    private(set) var tensors: [String: (shape: [Int], values: [Double])] = [:]
    private(set) var types: [String: ElementType] = [:]
    let metadata: [String: String]
    /// The JSON answer; empty where there is none.
    let json: [String: Any]

    init(_ response: ClientResponse) throws {
        try #require(response.status == 200, "\(response.text)")
        #expect(response["content-type"] == "application/safetensors")
        let file = try SafetensorsFile.parse(response.body.span)
        var json: [String: Any] = [:]
        for (name, view) in file.tensors {
            if name.string == "json" {
                let data = Data(response.body[view.byteRange])
                json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
                continue
            }
            tensors[name.string] = (
                view.shape, try Elements.float64(view, of: response.body.span)
            )
            types[name.string] = view.elementType
        }
        self.json = json
        metadata = Dictionary(
            uniqueKeysWithValues: file.metadata.map { ($0.key.string, $0.value.string) })
    }

    /// The tensor `gradient`, or another.
    func values(_ name: String = "gradient") throws -> [Double] {
        try #require(tensors[name], "\(tensors.keys)").values
    }

    var results: [[String: Any]] { json["results"] as? [[String: Any]] ?? [] }
    var options: [String: Any] { json["options"] as? [String: Any] ?? [:] }
}

extension RunningService {
    func send(_ path: String, _ tensors: [SentTensor], accept: String? = nil) throws
        -> ClientResponse
    {
        try send(
            "POST", path,
            [("Content-Type", "application/safetensors")] + (accept.map { [("Accept", $0)] } ?? []),
            SentTensor.safetensors(tensors))
    }

    func gradients(_ path: String, _ tensors: [SentTensor]) throws -> GradientAnswer {
        try GradientAnswer(send(path, tensors))
    }
}
