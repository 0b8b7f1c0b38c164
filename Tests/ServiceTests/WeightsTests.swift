import Foundation
import Service
import Testing

struct WeightsTests {
    /// Start hashes nothing: the constant is compared with the committed file here instead.
    @Test func `has the digest of the embedded weights`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent(
            "Sources/CResources/vgg16_imagenet_caffe.f32.safetensors")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [file.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let digest = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile().prefix(64), as: UTF8.self)
        process.waitUntilExit()
        let info = try RunningService.shared.get().get("/v1/info").json
        #expect((info["model"] as? [String: Any])?["sha256"] as? String == digest)
    }

    @Test func `says in every answer that weights are not fed as they say`() throws {
        let service = try RunningService("--preprocessing=torchvision")
        let answer = try service.post("/v1/losses", Sample.pair())
        #expect(answer.text.contains("\"code\":\"overridden_preprocessing\""), "\(answer.text)")
        let info = try service.get("/v1/info").json
        let warnings = try #require(info["warnings"] as? [[String: Any]])
        #expect(warnings.map { $0["code"] as? String } == ["overridden_preprocessing"])
        let usual = try RunningService.shared.get().get("/v1/info").json
        #expect((usual["warnings"] as? [Any])?.isEmpty == true)
    }
}
