import Inference
import TestSupport
import Testing

struct PreprocessingTests {
    private static let spelled = [
        "channel_order": "BGR", "input_range": "0..255", "mean": "103.939,116.779,123.68",
        "std": "1, 1, 1",
    ]

    @Test func `a named preprocessing is taken`() throws {
        #expect(try Preprocessing(metadata: ["preprocessing": "caffe"]) == .caffe)
        #expect(try Preprocessing(metadata: ["preprocessing": "torchvision"]) == .torchvision)
    }

    @Test func `spelled numbers are taken`() throws {
        let caffe = try Preprocessing(metadata: Self.spelled)
        #expect(caffe.name == "custom")
        #expect(caffe.isBGR && caffe.scale == 255 && caffe.mean == Preprocessing.caffe.mean)
    }

    @Test func `both together are taken when they agree`() throws {
        var metadata = Self.spelled
        metadata["preprocessing"] = "caffe"
        #expect(try Preprocessing(metadata: metadata) == .caffe)
        metadata["preprocessing"] = "torchvision"
        #expect(throws: NetworkError.self) { try Preprocessing(metadata: metadata) }
    }

    @Test(arguments: [
        [:], ["preprocessing": "keras"], ["channel_order": "RGB"],
        ["channel_order": "RGB", "input_range": "0..1", "mean": "0,0,0"],
    ])
    func `nothing is guessed, and the option is named`(metadata: [String: String]) throws {
        let error = #expect(throws: NetworkError.self) { try Preprocessing(metadata: metadata) }
        #expect(error?.description.contains("--preprocessing") == true)
    }

    @Test(arguments: [
        ("channel_order", "GBR"), ("input_range", "-1..1"), ("mean", "1,2"), ("mean", "a,b,c"),
        ("mean", "1,2,inf"), ("mean", "1,2,3,"), ("std", "1,0,1"), ("std", "nan,1,1"), ("std", ""),
    ])
    func `spelled numbers that make no sense are refused`(key: String, value: String) {
        var metadata = Self.spelled
        metadata[key] = value
        #expect(throws: NetworkError.self) { try Preprocessing(metadata: metadata) }
    }

    @Test func `an override beats the metadata`() throws {
        let network = try Network(
            name: "", sha256: "",
            tensors: GeneratedWeights.tensors(.vgg16, seed: 1, elementType: .float16),
            metadata: ["preprocessing": "caffe"], preprocessing: .torchvision)
        #expect(network.preprocessing == .torchvision)
    }

    @Test func `the embedded weights say caffe`() throws {
        #expect(try Fixtures.embedded.get().preprocessing == .caffe)
        #expect(Preprocessing(named: "caffe") == .caffe)
        #expect(Preprocessing(named: "keras") == nil)
    }
}
