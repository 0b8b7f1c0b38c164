import Service
import TestSupport
import Testing

/// What is no gradient here: a code and a sentence for each.
struct GradientRefusalTests {
    let service: RunningService
    private static let shape = [2, 3, 16, 20]
    private static let pair = [
        SentTensor("output", shape, seed: 1), SentTensor("target", shape, seed: 2),
    ]

    init() throws { service = try RunningService.shared.get() }

    @Test(arguments: [
        ("gradient=target", "invalid_option", "gradient must be one of output"),
        ("gradient=outputs", "invalid_option", "gradient must be one of output"),
        ("gradients=output", "unknown_option", "did you mean gradient?"),
        ("gradient=output&gradient_of=", "invalid_option", "gradient_of names no term"),
        ("gradient=output&gradient_of=styl", "invalid_option", "(did you mean style?)"),
        ("gradient=output&gradient_of=content", "invalid_option", "there are total, perceptual"),
        ("gradient=output&gradient_of=style,style", "invalid_option", "has style twice"),
        ("gradient=output&gradient_of=total,tv", "invalid_option", "names tv, which needs a mask"),
        (
            "gradient=output&style_layers=&gradient_of=style", "invalid_option",
            "names style, which is switched off"
        ),
        ("gradient_of=style", "invalid_option", "gradient_of needs the option gradient=output"),
        ("gradient_dtype=float16", "invalid_option", "gradient_dtype needs the option gradient"),
        ("cotangent=1,1", "invalid_option", "cotangent needs the option gradient=output"),
        ("gradient=output&gradient_dtype=half", "invalid_option", "one of float32, float16"),
        ("gradient=output&gradient_dtyp=float16", "unknown_option", "did you mean gradient_dtype?"),
        ("gradient=output&cotangent=1", "invalid_option", "must be 2 numbers, one a sample"),
        ("gradient=output&cotangent=1,2,3", "invalid_option", "there are 3"),
        ("gradient=output&cotangent=1,inf", "invalid_option", "cotangent must be numbers"),
        ("gradient=output&cotangent=1,nan", "invalid_option", "cotangent must be numbers"),
        ("gradient=output&cotangent=1,one", "invalid_option", "cotangent must be numbers"),
        ("gradient=output&out_of_range=ignore", "invalid_option", "one of refuse, allow, clamp"),
        ("gradient=output&out_of_rang=allow", "unknown_option", "did you mean out_of_range?"),
        ("gradient=output&precision=difference", "invalid_option", "with a gradient"),
        ("gradient=output&cotangent=1e300,1", "non_finite_result", "gradient of pair 0"),
    ])
    func `of losses`(query: String, code: String, sentence: String) throws {
        let response = try service.send(
            "/v1/losses?layout=nchw&range=0..1&layers=pool1&\(query)", Self.pair)
        try expect(response, code, sentence)
    }

    private func expect(_ response: ClientResponse, _ code: String, _ sentence: String) throws {
        #expect(response.code == code, "\(response.text)")
        let detail = try response.json["detail"] as? String ?? ""
        #expect(detail.contains(sentence), "\(detail)")
    }

    @Test(
        arguments: [
            ([1], [1], "shape_mismatch", "must have 2 values, one a sample; its shape is [1]"),
            ([3], [1, 1, 1], "shape_mismatch", "must have 2 values"),
            ([2, 1], [1, 1], "shape_mismatch", "its shape is [2, 1]"),
            ([2], [1, .infinity], "non_finite_input", "cotangent"),
            ([2], [.nan, 1], "non_finite_input", "cotangent"),
        ] as [([Int], [Float], String, String)])
    func `of a tensor of cotangents`(
        shape: [Int], values: [Float], code: String, sentence: String
    ) throws {
        let path = "/v1/losses?layout=nchw&range=0..1&layers=pool1&gradient=output"
        let tensor = SentTensor("cotangent", shape, values)
        try expect(service.send(path, Self.pair + [tensor]), code, sentence)
        let two = SentTensor("cotangent", [2], [1, 1])
        try expect(
            service.send(path + "&cotangent=1,1", Self.pair + [two]), "bad_request", "twice")
        try expect(
            service.send(
                path.replacingOccurrences(of: "&gradient=output", with: ""), Self.pair + [two]),
            "invalid_option", "cotangent needs the option gradient=output")
    }

    @Test(arguments: [
        "/v1/features?layers=pool1&gradient=output", "/v1/gram?layers=pool1&gradient=output",
        "/v1/features/gradient?gradient=output&layout=nchw", "/v1/gram?layers=pool1&cotangent=1",
        "/v1/features?layers=pool1&gradient_dtype=float16",
        "/v1/features?layers=pool1&out_of_range=allow",
    ])
    func `where there is none`(path: String) throws {
        let response = try service.post(path, Form(("image", "image/png", Sample.png(1))))
        #expect(response.code == "unknown_option", "\(response.text)")
    }

    @Test(arguments: ["text/html", "image/png", "application/json;q=0", "application/x-npy"])
    func `in a form that it has not`(accept: String) throws {
        let response = try service.send(
            "/v1/losses?layout=nchw&range=0..1&layers=pool1&gradient=output", Self.pair,
            accept: accept)
        #expect(response.status == 406)
        try expect(response, "not_acceptable", "application/safetensors or application/json")
        let image = try service.send(
            "/v1/features/gradient?layout=nchw&range=0..1",
            [
                SentTensor("image", Self.shape, seed: 1),
                SentTensor("cotangent.pool1", [2, 64, 8, 10], seed: 5),
            ], accept: accept)
        try expect(image, "not_acceptable", "application/safetensors")
    }

    @Test func `larger than answers or memory may be, before any work`() throws {
        let small = try RunningService("--max-answer-bytes=65536")
        let path = "/v1/losses?layout=nchw&range=0..1&layers=pool1"
        let large = ["output", "target"].enumerated().map {
            SentTensor($1, [4, 3, 64, 64], seed: $0)
        }
        #expect(try small.send(path, large).status == 200)
        try expect(
            small.send(path + "&gradient=output", large), "batch_too_large",
            "The answer would be larger than 65536 bytes")
        #expect(try small.metric("styleloss_jobs_total{outcome=\"ok\"}") == 1)
        // Half of the bytes, and of the values.
        let half = try small.send(
            path + "&gradient=output&gradient_dtype=float16",
            large.map { SentTensor($0.name, [1, 3, 64, 64], seed: 1) })
        #expect(half.status == 200, "\(half.text)")
    }

    // Pixels of 4096 x 4096 gray as bytes are 17 MB, their gradient in double precision 400 MB.
    @Test func `more than memory holds, before any work`() throws {
        let service = try RunningService("--max-memory-bytes=536870912")
        let gray = Sample.npy([4096, 4096], uint8: [UInt8](repeating: 7, count: 4096 * 4096))
        let response = try service.post(
            "/v1/losses?layers=pool1&gradient=output&gradient_dtype=float16",
            Form(("output", nil, gray), ("target", nil, gray)))
        try expect(response, "batch_too_large", "more memory than the service may use")
        #expect(try response.json["option"] as? String == "max-memory-bytes", "\(response.text)")
    }
}
