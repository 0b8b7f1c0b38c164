import Codecs
import Foundation
import Service
import TestSupport
import Testing

struct FeatureLossesTests {
    let service: RunningService
    private let type = [("Content-Type", "application/safetensors")]

    init() throws { service = try RunningService.shared.get() }

    private func tensors(_ list: (String, [Int], [Float])...) -> [UInt8] {
        SafetensorsFile.encode(list.map { ($0.0, $0.1, $0.2) }, metadata: [:])
    }

    private func losses(_ query: String, _ body: [UInt8]) throws -> ClientResponse {
        try service.send("POST", "/v1/losses/features?\(query)", type, body)
    }

    @Test func `gives the source article's numbers`() throws {
        // (4, 2, 3) holding 0…23, against zeros: the mean of each raw Gram matrix, and that of the
        // values.
        let values = (0..<24).map(Float.init)
        let body = tensors(
            ("output.x", [4, 2, 3], values),
            ("target.x", [4, 2, 3], [Float](repeating: 0, count: 24)))
        let response = try losses("layout=matrix&gram=raw", body)
        let results = try #require(
            try response.json["results"] as? [[String: Any]], "\(response.text)")
        let style = results.compactMap { ($0["style"] as? [String: Any])?["loss"] as? Double }
        let perceptual = results.compactMap {
            ($0["perceptual"] as? [String: Any])?["loss"] as? Double
        }
        #expect(style == [20.75, 218.75, 632.75, 1262.75])
        #expect(perceptual == [2.5, 8.5, 14.5, 20.5])
        #expect(try response.json["model"] == nil)
    }

    @Test func `refuses a region, for which there is no mask here`() throws {
        let form = Form(
            ("output.f", nil, NPY.encode(shape: [1, 1, 1, 2], float32: [1, 2])),
            ("target.f", nil, NPY.encode(shape: [1, 1, 1, 2], float32: [0, 0])),
            (
                "options", "application/json",
                Array(
                    #"""
                    {"layout":"nchw","loss":{"terms":[{"key":"inside","layers":{"f":1},
                     "region":"hole"},{"key":"all","layers":{"f":1}}]}}
                    """#.utf8)
            ))
        let response = try service.post("/v1/losses/features", form)
        #expect(response.code == "invalid_option", "\(response.text)")
        #expect(response.text.contains("The term inside weighs positions by a mask"))
    }

    @Test func `gives the same for npy parts and for either order of channels`() throws {
        let a = Sample.floats(2 * 3 * 4 * 5, 1)
        let b = Sample.floats(2 * 3 * 4 * 5, 2)
        let first = try losses(
            "layout=nchw", tensors(("output.f", [2, 3, 4, 5], a), ("target.f", [2, 3, 4, 5], b)))
        let form = Form(
            ("output.f", nil, NPY.encode(shape: [2, 3, 4, 5], float32: a)),
            ("target.f", nil, NPY.encode(shape: [2, 3, 4, 5], float32: b)))
        let second = try service.post("/v1/losses/features?layout=nchw", form)
        #expect(
            first.results != nil && first.results == second.results, "\(first.text) \(second.text)")
        #expect(
            first.text.contains(
                #""options":{"gram":"normalized","style_layers":{"f":1},"perceptual_layers":{"f":1},"layout":"nchw""#
            ))
    }

    @Test(arguments: [
        ("", [2, 3, 4], [2, 3, 4], 422, ErrorCode.missingOption),
        ("layout=planes", [2, 3, 4], [2, 3, 4], 422, .invalidOption),
        ("layout=nchw", [2, 3, 4], [2, 3, 4], 422, .invalidTensor),
        ("layout=matrix", [2, 12], [2, 12], 422, .invalidTensor),
        ("layout=matrix", [2, 3, 4], [3, 2, 4], 422, .shapeMismatch),
        ("layout=matrix", [2, 3, 4], [2, 4, 3], 422, .shapeMismatch),
        ("layout=matrix", [2, 2, 6], [2, 2, 6], 200, .internalError),
        ("layout=matrix&layers=other", [2, 3, 4], [2, 3, 4], 422, .unknownLayer),
        ("layout=matrix&range=0..1", [2, 3, 4], [2, 3, 4], 422, .unknownOption),
        ("layout=matrix", [24, 1, 1], [24, 1, 1], 200, .internalError),
    ])
    func `declares layouts and never guesses`(
        query: String, output: [Int], target: [Int], status: Int, code: ErrorCode
    ) throws {
        let values = Sample.floats(24, 1)
        let body = tensors(("output.x", output, values), ("target.x", target, values))
        let response = try losses(query, body)
        #expect(response.status == status, "\(response.text)")
        if status != 200 { #expect(response.code == code.rawValue, "\(response.text)") }
    }

    @Test func `refuses values whose sums are not finite`() throws {
        let huge = [Float](repeating: 3e38, count: 12)
        let response = try losses(
            "layout=matrix&gram=raw",
            tensors(("output.x", [1, 3, 4], huge), ("target.x", [1, 3, 4], huge)))
        // Sums of single-precision squares fit a double; what does not fit is refused, and NaN
        // never appears.
        #expect([200, 422].contains(response.status), "\(response.text)")
        #expect(!response.text.contains("nan") && !response.text.contains("inf,"))
        let nan = try losses(
            "layout=matrix",
            tensors(("output.x", [1, 1, 1], [.nan]), ("target.x", [1, 1, 1], [0])))
        #expect(nan.code == "non_finite_input")
    }

    @Test func `leaves the names of terms as they are in sentences`() throws {
        let most = Double.greatestFiniteMagnitude
        let bytes = [most, -most].map { value in
            Sample.npy(
                "<f8", [1, 1, 1], withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init))
        }
        let response = try service.post(
            "/v1/losses/features?layout=matrix&style_layers=",
            Form(("output.x", nil, bytes[0]), ("target.x", nil, bytes[1])))
        #expect(response.code == "non_finite_result", "\(response.text)")
        let detail = try response.json["detail"] as? String
        #expect(detail?.hasPrefix("perceptual") == true, "\(response.text)")
    }

    @Test func `asks for both sides of a layer and for good names`() throws {
        let one = Sample.floats(12, 1)
        #expect(
            try losses("layout=chw", tensors(("output.x", [1, 3, 4], one))).code == "missing_input")
        #expect(
            try losses("layout=chw", tensors(("target.x", [1, 3, 4], one))).code == "missing_input")
        #expect(
            try losses("layout=chw", tensors(("output.x y", [1, 3, 4], one))).code == "bad_request")
        #expect(try losses("layout=chw", [1, 2, 3]).code == "invalid_tensor")
    }

    /// 16 bytes for each of 47 500 000² values, times 256 workers, are more than 2⁶³: an estimate
    /// that trapped would take the whole service down with the request.
    @Test func `survives an estimate beyond the largest integer`() throws {
        let service = try RunningService("--workers=256", "--max-memory-bytes=1073741824")
        let rows = 47_500_000
        let header =
            #"{"output.x":{"dtype":"F16","shape":[1,\#(rows),1],"data_offsets":[0,\#(2 * rows)]},"#
            + #""target.x":{"dtype":"F16","shape":[1,1,1],"#
            + #""data_offsets":[\#(2 * rows),\#(2 * rows + 2)]}}"#
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var body = withUnsafeBytes(of: UInt64(padded.utf8.count).littleEndian, Array.init)
        body += Array(padded.utf8) + [UInt8](repeating: 0, count: 2 * rows + 2)
        let response = try service.send("POST", "/v1/losses/features?layout=matrix", type, body)
        #expect(response.code == "shape_mismatch", "\(response.text)")
        let gram = try service.send(
            "POST", "/v1/gram?layout=matrix", type, Self.renamed(padded, body))
        #expect(gram.code == "batch_too_large", "\(gram.text)")
        #expect(try service.get("/livez").status == 200)
    }

    /// The same tensors under names that /v1/gram knows, of the same length with the spaces.
    private static func renamed(_ header: String, _ body: [UInt8]) -> [UInt8] {
        let text =
            header.replacingOccurrences(of: "output.x", with: "features.x")
            .replacingOccurrences(of: "target.x", with: "features.y")
        let padded = text + String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(padded.utf8.count).littleEndian, Array.init)
            + Array(padded.utf8) + body[(8 + header.utf8.count)...]
    }

    /// A matrix of 60 000 rows has a Gram matrix of 29 GB: its size is known before anything is
    /// taken for it.
    @Test func `refuses a Gram matrix larger than memory before it is begun`() throws {
        let rows = 60_000
        let values = [Float](repeating: 1, count: rows)
        let service = try RunningService("--max-memory-bytes=1073741824")
        let body = tensors(("output.x", [1, rows, 1], values), ("target.x", [1, rows, 1], values))
        let response = try service.send("POST", "/v1/losses/features?layout=matrix", type, body)
        #expect(response.status == 413, "\(response.text)")
        #expect(response.code == "batch_too_large")
    }

    /// Each costs the same, however many there are.
    @Test func `compares a thousand layers`() throws {
        let names = (0..<1000).map { "layer\($0)" }
        var tensors: [(name: String, shape: [Int], values: [Float])] = []
        for (number, name) in names.enumerated() {
            tensors.append(("output.\(name)", [1, 1, 1, 2], [Float(number), 0]))
            tensors.append(("target.\(name)", [1, 1, 1, 2], [0, 0]))
        }
        let response = try losses(
            "layout=nchw", SafetensorsFile.encode(tensors, metadata: [:]))
        #expect(response.status == 200, "\(response.text.prefix(300))")
        let results = try #require(try response.json["results"] as? [[String: Any]])
        let perceptual = try #require(results[0]["perceptual"] as? [String: Any])
        let layers = try #require(perceptual["layers"] as? [String: Double])
        #expect(layers.count == 1000)
        for (number, name) in names.enumerated() { #expect(layers[name] == Double(number) / 2) }
    }
}
