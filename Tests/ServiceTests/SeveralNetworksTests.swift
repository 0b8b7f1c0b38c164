import Foundation
import Service
import TestSupport
import Testing

/// A server with a VGG-16, a VGG-19 and the embedded network.
struct SeveralNetworksTests {
    private static let service = Result {
        try RunningService(
            "--weights=\(WeightsFiles.vgg16.get())", "--weights=\(WeightsFiles.vgg19.get())")
    }
    private let service: RunningService

    init() throws { service = try Self.service.get() }

    private func model(_ response: ClientResponse) throws -> String? {
        let model = try #require(response.json["model"] as? [String: Any], "\(response.text)")
        return model["name"] as? String
    }

    @Test func `lists the networks, those given first and the embedded one last`() throws {
        let info = try service.get("/v1/info").json
        let models = try #require(info["models"] as? [[String: Any]])
        #expect(models.map { $0["name"] as? String } == ["sixteen", "nineteen", "vgg16-imagenet"])
        #expect(models.map { $0["architecture"] as? String } == ["vgg16", "vgg19", "vgg16"])
        #expect((info["model"] as? [String: Any])?["name"] as? String == "sixteen")
        let layers = try models.map { try #require($0["layers"] as? [String]) }
        // VGG-19 has a fourth convolution, after and before its ReLU, in three of its blocks.
        #expect(
            layers[1].filter { !layers[0].contains($0) } == [
                "conv3_4", "relu3_4", "conv4_4", "relu4_4", "conv5_4", "relu5_4",
            ])
        #expect(layers[0].allSatisfy(layers[1].contains) && layers[0] == layers[2])
        #expect(info["layers"] as? [String] == layers[0])
        #expect(Set(models.compactMap { $0["sha256"] as? String }).count == 3)
    }

    @Test(arguments: [
        // Any VGG, and so the first.
        ("pconv", "sixteen", nil),
        ("pytorch-examples", "sixteen", nil),
        ("johnson", "vgg16-imagenet", nil),
        ("gatys", "nineteen", nil),
        // VGG-19 is there with Caffe's weights alone.
        ("esrgan", "nineteen", "other_weights"),
    ])
    func `a preset picks architecture and family, or the architecture with a warning`(
        preset: String, name: String, warning: String?
    ) throws {
        let form = Form(
            ("output", nil, Sample.png(1, width: 32, height: 32)),
            ("target", nil, Sample.png(2, width: 32, height: 32)))
        let answer = try service.post("/v1/losses?preset=\(preset)", form)
        #expect(try model(answer) == name)
        #expect(answer.text.contains("other_weights") == (warning != nil), "\(answer.text)")
    }

    @Test func `a request names the network on every endpoint that runs one`() throws {
        for name in ["sixteen", "nineteen", "vgg16-imagenet"] {
            let answer = try service.post("/v1/losses?model=\(name)", Sample.pair())
            #expect(try model(answer) == name)
        }
        let image = Form(("image", nil, Sample.png(1)))
        var features: Set<[UInt8]> = []
        for name in ["sixteen", "nineteen", "vgg16-imagenet"] {
            let answer = try service.post("/v1/features?model=\(name)&layers=pool1", image)
            #expect(answer.text.contains("\"model\":\"\(name)\""))
            features.insert(answer.body)
            #expect(
                try service.post("/v1/gram?model=\(name)&layers=pool1", image).status == 200)
        }
        #expect(features.count == 3)
        let deep = try service.post("/v1/features?layers=relu3_4&model=nineteen", image)
        #expect(deep.status == 200)
        #expect(
            try service.post("/v1/features?layers=relu3_4", image).code == "unknown_layer")
    }

    @Test func `refuses a network that is not there, or that the loss is not defined on`() throws {
        let unknown = try service.post("/v1/losses?model=sixten", Sample.pair())
        #expect(unknown.code == "unknown_model")
        #expect(unknown.text.contains("did you mean sixteen"), "\(unknown.text)")
        let wrong = try service.post("/v1/losses?preset=gatys&model=sixteen", Sample.pair())
        #expect(wrong.code == "preset_unavailable", "\(wrong.text)")
        let alone = try RunningService.shared.get()
        let absent = try alone.post("/v1/losses?preset=gatys", Sample.pair())
        #expect(absent.code == "preset_unavailable")
        #expect(absent.text.contains("--weights FILE and --preprocessing caffe"), "\(absent.text)")
        let features = Form(("features.a", nil, Sample.npy([1, 2, 2, 2], uint8: [])))
        let given = try service.post("/v1/gram?layout=nchw&model=sixteen", features)
        #expect(given.code == "invalid_option", "\(given.text)")
    }

    @Test func `a target's statistics belong to the network they were made by`() throws {
        func cached(_ name: String) throws -> (Bool?, Double?) {
            let answer = try service.post("/v1/losses?model=\(name)", Sample.pair(41, 42))
            let result = try #require((answer.json["results"] as? [[String: Any]])?.first)
            return (result["target_cached"] as? Bool, result["total"] as? Double)
        }
        let first = try cached("sixteen")
        let other = try cached("vgg16-imagenet")
        let again = try cached("sixteen")
        #expect(first.0 == false && other.0 == false && again.0 == true)
        #expect(first.1 == again.1 && first.1 != other.1)
    }

    @Test func `networks that nobody asks for take no memory`() throws {
        let service = try RunningService("--weights=big=\(WeightsFiles.vgg19.get())")
        let before = try service.metric("styleloss_memory_bytes{owner=\"kernels\"}")
        let weights = try service.metric("styleloss_memory_bytes{owner=\"weights\"}")
        // What pool3 needs of one network, and nothing of the other.
        #expect(try #require(before) < 60e6 && #require(weights) < 15e6)
        _ = try service.post("/v1/losses?model=vgg16-imagenet", Sample.pair())
        let after = try service.metric("styleloss_memory_bytes{owner=\"kernels\"}")
        #expect(try #require(after) > #require(before))
    }

    @Test func `does not start with two networks of one name`() throws {
        let path = try WeightsFiles.vgg16.get()
        for flags in [
            ["--weights=\(path)", "--weights=\(path)"],
            ["--weights=vgg16-imagenet=\(path)"],
        ] {
            let result = try Program.run(["info"] + flags)
            #expect(result.status == 3)
            #expect(result.error.contains("with --weights NAME=FILE"), "\(result.error)")
        }
        let renamed = try Program.run(["info", "--weights=a=\(path)", "--weights=b=\(path)"])
        #expect(renamed.status == 0 && renamed.output.contains("vgg16-imagenet"))
        #expect(try Program.run(["info", "--weights==\(path)"]).status == 2)
    }
}
