import Inference
import TestSupport
import Testing

struct NetworkTests {
    private static let tensors = GeneratedWeights.tensors(.vgg16, seed: 1, elementType: .float16)

    private func network(
        _ tensors: [WeightTensor] = Self.tensors,
        metadata: [String: String] = ["preprocessing": "caffe"],
        preprocessing: Preprocessing? = nil, checksEveryWeight: Bool = true
    ) throws(NetworkError) -> Network {
        try Network(
            name: "test", sha256: "00", tensors: tensors, metadata: metadata,
            preprocessing: preprocessing, checksEveryWeight: checksEveryWeight)
    }

    private func refusal(_ tensors: [WeightTensor]) -> String {
        do {
            _ = try network(tensors)
            return "accepted"
        } catch {
            return error.description
        }
    }

    private func replacing(_ name: String, by tensor: WeightTensor?) -> [WeightTensor] {
        Self.tensors.compactMap { $0.name == name ? tensor : $0 }
    }

    private func zeros(
        _ name: String, _ shape: [Int], _ type: WeightTensor.ElementType = .float32
    ) -> WeightTensor {
        GeneratedWeights.tensor(
            name, type, shape, repeating: [GeneratedWeights.bytes(of: 0, type)])
    }

    @Test func `the architecture follows from the names, whatever their order`() throws {
        #expect(try network(Self.tensors.reversed()).architecture == .vgg16)
        let vgg19 = GeneratedWeights.tensors(.vgg19, seed: 1, elementType: .bfloat16)
        let network = try network(vgg19)
        #expect(network.architecture == .vgg19)
        #expect(network.convolutions.map(\.shape) == VGG.convolutions(.vgg19))
        #expect(network.convolutions.allSatisfy { $0.bias.count == $0.shape.outChannels })
    }

    @Test func `the classifier is ignored, of whatever type`() throws {
        let classifier = WeightTensor(
            name: "classifier.0.weight", elementType: .other("F64"), shape: [4096, 25088],
            bytes: UnsafeRawBufferPointer(start: nil, count: 0), owner: nil)
        #expect(try network(Self.tensors + [classifier]).architecture == .vgg16)
    }

    @Test func `a missing convolution is named`() {
        #expect(
            refusal(replacing("features.28.weight", by: nil))
                .contains("lack the tensor features.28.weight"))
        #expect(refusal(replacing("features.0.bias", by: nil)).contains("features.0.bias"))
        #expect(refusal([]).contains("lack the tensor"))
    }

    @Test func `a wrong shape is named with the right one`() {
        let wrong = zeros("features.5.weight", [128, 64, 5, 5])
        let text = refusal(replacing("features.5.weight", by: wrong))
        #expect(text.contains("[128, 64, 5, 5]") && text.contains("[128, 64, 3, 3]"))
    }

    @Test func `batch normalisation is refused`() {
        #expect(
            refusal(Self.tensors + [zeros("features.1.running_mean", [64])])
                .contains("batch normalisation"))
        #expect(
            refusal([zeros("features.0.weight", [64, 3, 3, 3]), zeros("features.1.weight", [64])])
                .contains("batch normalisation"))
    }

    @Test func `other networks are refused`() {
        #expect(
            refusal(Self.tensors + [zeros("features.3.weight", [128, 64, 3, 3])])
                .contains("features.3.weight belongs to neither"))
        #expect(refusal([zeros("layer1.0.conv1.weight", [64, 64, 3, 3])]).contains("neither"))
        #expect(refusal(Self.tensors + [Self.tensors[0]]).contains("twice"))
    }

    @Test func `types that are not read are named`() {
        let double = WeightTensor(
            name: "features.0.weight", elementType: .other("F64"), shape: [64, 3, 3, 3],
            bytes: UnsafeRawBufferPointer(start: nil, count: 0), owner: nil)
        #expect(refusal(replacing("features.0.weight", by: double)).contains("F64"))
    }

    @Test func `bytes that do not fit the shape are refused`() {
        let short = WeightTensor(
            name: "features.0.bias", elementType: .float32, shape: [64],
            bytes: UnsafeRawBufferPointer(start: nil, count: 0), owner: nil)
        #expect(refusal(replacing("features.0.bias", by: short)).contains("fit its shape"))
    }

    @Test(arguments: [WeightTensor.ElementType.float16, .bfloat16, .float32])
    func `infinity and NaN are refused`(type: WeightTensor.ElementType) {
        for value in [Float.infinity, -.infinity, .nan] {
            let bad = [1, 2, value].map { GeneratedWeights.bytes(of: $0, type) }
            for (name, shape) in [("features.0.weight", [64, 3, 3, 3]), ("features.2.bias", [64])] {
                let tensor = GeneratedWeights.tensor(name, type, shape, repeating: bad)
                #expect(refusal(replacing(name, by: tensor)).contains("infinity or NaN"))
            }
        }
    }

    @Test func `known weights are not read`() throws {
        let infinity = [GeneratedWeights.bytes(of: .infinity, .float16)]
        let tensor = GeneratedWeights.tensor(
            "features.0.weight", .float16, [64, 3, 3, 3], repeating: infinity)
        let tensors = replacing("features.0.weight", by: tensor)
        #expect(try network(tensors, checksEveryWeight: false).architecture == .vgg16)
    }

    @Test(arguments: [WeightTensor.ElementType.float16, .bfloat16, .float32])
    func `values convert exactly, subnormals and signed zeros too`(
        type: WeightTensor.ElementType
    ) {
        let values: [Float] = [0, -0.0, 1, -1.5, 0x1p-14, 0x1p-24, -0x3p-23, 0.09375, 248]
        let tensor = GeneratedWeights.tensor(
            "x", type, [9], repeating: values.map { GeneratedWeights.bytes(of: $0, type) })
        #expect(tensor.floats().map(\.bitPattern) == values.map(\.bitPattern))
        #expect(tensor.isFinite)
        var middle = [Float](repeating: 0, count: 3)
        middle.withUnsafeMutableBufferPointer { tensor.read(from: 2, into: $0) }
        #expect(middle == [1, -1.5, 0x1p-14])
    }
}
