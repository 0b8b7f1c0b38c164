import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// LPIPS and DISTS: what they may be run on.
struct LearnedMetricsTests {
    private static let torchvision = Result {
        try RunningService("--weights=\(WeightsFiles.vgg16.get())")
    }

    @Test(arguments: ["lpips-vgg", "lpips-vgg-torchmetrics", "dists"])
    func `are refused on other weights than torchvision's, unless one insists`(
        preset: String
    ) throws {
        let embedded = try RunningService.shared.get()
        let refused = try embedded.post("/v1/losses?preset=\(preset)", Sample.pair())
        #expect(refused.code == "weights_mismatch", "\(refused.text)")
        #expect(refused.text.contains("any_weights=true"))
        let insisted = try embedded.post(
            "/v1/losses?preset=\(preset)&any_weights=true", Sample.pair())
        #expect(insisted.text.contains("\"code\":\"weights_mismatch\""), "\(insisted.text)")
        let fitting = try Self.torchvision.get()
            .post("/v1/losses?preset=\(preset)", Sample.pair())
        #expect(fitting.status == 200 && !fitting.text.contains("weights_mismatch"))
        #expect(fitting.text.contains("\"name\":\"sixteen\""), "\(fitting.text)")
    }

    @Test func `have factors for their own layers alone`() throws {
        let service = try Self.torchvision.get()
        let other = try service.post("/v1/losses?preset=lpips-vgg&layers=relu1_1", Sample.pair())
        #expect(other.code == "unknown_layer", "\(other.text)")
        #expect(other.text.contains("relu1_2, relu2_2, relu3_3, relu4_3, relu5_3"))
        let fewer = try service.post(
            "/v1/losses?preset=lpips-vgg&layers=relu1_2,relu3_3:0.5", Sample.pair())
        #expect(fewer.status == 200, "\(fewer.text)")
    }

    @Test(arguments: ["lpips-vgg", "dists"])
    func `take given features of as many channels`(preset: String) throws {
        let service = try RunningService.shared.get()
        func post(_ layer: String, channels: Int) throws -> ClientResponse {
            let tensors = ["output", "target"].enumerated().map { seed, role in
                (
                    name: "\(role).\(layer)", shape: [1, channels, 4, 5],
                    values: Sample.floats(20 * channels, seed + 1)
                )
            }
            return try service.send(
                "POST", "/v1/losses/features?preset=\(preset)&layout=nchw",
                [("Content-Type", "application/safetensors")],
                SafetensorsFile.encode(tensors, metadata: [:]))
        }
        #expect(try post("relu1_2", channels: 64).status == 200)
        #expect(try post("relu1_2", channels: 32).code == "shape_mismatch")
        let stranger = try post("mine", channels: 64)
        #expect(stranger.code == "unknown_layer", "\(stranger.text)")
    }

    @Test(arguments: [
        #"{"statistic":{"kind":"joint_moments"},"distance":{"kind":"l1"}}"#,
        #"{"statistic":{"kind":"gram"},"distance":{"kind":"structural"}}"#,
        #"{"statistic":{"kind":"gram"},"distance":{"kind":"l1"},"learned":"dists"}"#,
        #"{"statistic":{"kind":"gram"},"distance":{"kind":"l1"},"learned":"lpips-vgg-0.1"}"#,
        #"{"statistic":{"kind":"features"},"distance":{"kind":"l1"},"learned":"alex"}"#,
    ])
    func `are not mixed with what they do not fit`(members: String) throws {
        var form = Sample.pair()
        let loss =
            #"{"loss":{"terms":[{"key":"x","layers":{"relu1_2":1},"# + members.dropFirst()
            + "]},\"any_weights\":true}"
        form.add("options", "application/json", Array(loss.utf8))
        let answer = try RunningService.shared.get().post("/v1/losses", form)
        #expect(answer.code == "invalid_loss", "\(answer.text)")
        #expect(answer.text.contains("loss.terms[0]"))
    }
}
