import Foundation
import Service
import TestSupport
import Testing

/// Gradients in the running service: timings, metrics, what runs here, deadlines, clients that leave.
struct GradientOperationTests {
    private static let path = "/v1/losses?layout=nchw&range=0..1&layers=pool1&gradient=output"

    private static func pair(_ side: Int) -> [SentTensor] {
        ["output", "target"].enumerated().map {
            SentTensor($1, [1, 3, side, side], seed: $0)
        }
    }

    private static let count = "styleloss_job_stage_duration_seconds_count{stage=\"gradient\"}"

    @Test func `the way back is a stage of its own, in the answer, its head and the metrics`()
        throws
    {
        let service = try RunningService()
        let plain = try service.send(
            Self.path.replacingOccurrences(of: "&gradient=output", with: ""), Self.pair(16))
        #expect(plain["server-timing"]?.contains("gradient") == false)
        #expect(try service.metric(Self.count) == 0)
        let response = try service.send(Self.path, Self.pair(16))
        let answer = try GradientAnswer(response)
        #expect(response["server-timing"]?.contains("gradient;dur=") == true)
        let timings = try #require(answer.json["timings_ms"] as? [String: Double])
        let (gradient, total) = (timings["gradient"] ?? 0, timings["total"] ?? 0)
        #expect(gradient > 0 && gradient < total)
        #expect(timings.filter { $0.key != "total" }.values.reduce(0, +) <= total)
        #expect(try service.metric(Self.count) == 1)
        _ = try service.gradients(
            "/v1/features/gradient?layout=nchw&range=0..1",
            [
                SentTensor("image", [1, 3, 16, 20], seed: 1),
                SentTensor("cotangent.pool1", [1, 64, 8, 10], seed: 5),
            ])
        #expect(try service.metric(Self.count) == 2)
        _ = try service.gradients(
            "/v1/losses/features?layout=chw&gradient=output",
            ["output.f", "target.f"].map { SentTensor($0, [3, 4, 5], seed: $0.count) })
        #expect(try service.metric(Self.count) == 3)
    }

    @Test func `the service says which gradients there are`() throws {
        let info = try RunningService.shared.get().get("/v1/info").json
        let gradients = try #require(info["gradients"] as? [String: [String]])
        #expect(gradients["gradient"] == ["output"])
        #expect(gradients["gradient_dtype"] == ["float32", "float16"])
        #expect(gradients["out_of_range"] == ["refuse", "allow", "clamp"])
        for path in gradients["paths"] ?? [] {
            let response = try RunningService.shared.get().send(
                path + "?gradient=output", Self.pair(16))
            #expect(response.status != 404 && response.status != 405, "\(path)")
        }
    }

    @Test func `a deadline ends a way back between steps`() throws {
        // Small enough to arrive in time on a busy machine, deep enough never to be done in time.
        let service = try RunningService("--request-timeout-ms=100")
        let response = try service.send(
            Self.path.replacingOccurrences(of: "layers=pool1", with: "layers=pool5"),
            Self.pair(448))
        #expect(response.code == "deadline_exceeded", "\(response.text)")
        try service.wait("styleloss_jobs_running", is: 0)
        #expect(try service.metric("styleloss_jobs_total{outcome=\"timeout\"}") == 1)
    }

    @Test func `a client that leaves ends its way back`() throws {
        let service = try RunningService()
        do {
            let client = try SocketClient(port: service.port)
            let body = SentTensor.safetensors(Self.pair(1024))
            try client.send(
                RunningService.request(
                    "POST",
                    Self.path.replacingOccurrences(of: "layers=pool1", with: "layers=pool4"),
                    [("Content-Type", "application/safetensors")], body))
            try service.wait("styleloss_jobs_running", is: 1)
        }
        try service.wait("styleloss_jobs_running", is: 0)
        #expect(try service.metric("styleloss_jobs_total{outcome=\"cancelled\"}") == 1)
        #expect(try service.metric("styleloss_jobs_total{outcome=\"ok\"}") == 0)
    }
}
