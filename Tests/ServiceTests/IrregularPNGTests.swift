import Codecs
import Service
import TestSupport
import Testing

/// What is odd about a PNG reaches its sender, and costs nothing else.
struct IrregularPNGTests {
    private func irregular(_ seed: Int) -> [UInt8] {
        var source = PNGBytes(width: 20, height: 16) { x, y, c in Sample.value(x, y, c, seed) }
        source.editStream = { $0 + [1, 2, 3] }
        source.transparency = [1]
        return source.encoded
    }

    private func codes(_ response: ClientResponse) throws -> [String] {
        let warnings = try response.json["warnings"] as? [[String: String]] ?? []
        // What is said of the loss is said of every image.
        return warnings.compactMap { $0["code"] }.filter { $0.hasSuffix("png") }
    }

    @Test func `warns of an irregular PNG and computes the same losses`() throws {
        let service = try RunningService("--target-cache-bytes=1000000")
        let regular = try service.post("/v1/losses", Sample.pair())
        #expect(try codes(regular).isEmpty)
        let form = Form(("output", nil, irregular(1)), ("target", nil, irregular(2)))
        for _ in 0..<2 {  // The second time the target's statistics are kept, and its oddity too.
            let response = try service.post("/v1/losses", form)
            #expect(response.status == 200)
            #expect(try codes(response) == [String](repeating: "irregular_png", count: 4))
            let totals = try [response, regular].map { response in
                (try response.json["results"] as? [[String: Any]])?.first?["total"] as? Double
            }
            #expect(totals[0] == totals[1] && totals[0] != nil)
        }
    }

    @Test func `warns whoever asks for features, Gram matrices or gradients of one`() throws {
        let service = try RunningService.shared.get()
        let form = Form(("image", nil, irregular(1)))
        #expect(
            try codes(service.post("/v1/gram?layers=relu1_1", form)) == [
                "irregular_png", "irregular_png",
            ])
        var trained = form
        trained.add(
            "cotangent.relu1_1", nil,
            Sample.npy("<f4", [1, 64, 16, 20], [UInt8](repeating: 0, count: 4 * 64 * 16 * 20)))
        let answers = [
            try service.post("/v1/features?layers=relu1_1", form),
            try service.send(
                "POST", "/v1/gram?layers=relu1_1",
                [("Content-Type", form.contentType), ("Accept", "application/safetensors")],
                form.body),
            try service.post("/v1/features/gradient?layout=nchw", trained),
        ]
        for answer in answers {
            let file = try SafetensorsFile.parse(answer.body.span)
            let lines = file.metadataStrings["warnings"]?.split(separator: "\n") ?? []
            #expect(lines.map { $0.prefix(14) } == ["irregular_png:", "irregular_png:"])
        }
        let regular = try service.post(
            "/v1/features?layers=relu1_1", Form(("image", nil, Sample.png(1))))
        let file = try SafetensorsFile.parse(regular.body.span)
        #expect(file.metadataStrings["warnings"] == nil)
    }
}
