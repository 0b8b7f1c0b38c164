import Codecs
import Foundation
import Service
import TestSupport
import Testing

/// The Open Inference Protocol v2 under /v2, with its binary tensor data extension. The expected
/// values are those of POST /v1/losses, which has its own oracles.
struct OpenInferenceTests {
    let service: RunningService
    private static let (count, height, width) = (2, 16, 20)
    private static let shape = [count, 3, height, width]
    private static let layers = "pool1,relu2_1"

    init() throws { service = try RunningService.shared.get() }

    private static func values(_ seed: Int) -> [Float] {
        Sample.floats(shape.reduce(1, *), seed)
    }

    private static func bytes(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
    }

    /// A request whose inputs stand behind the JSON.
    private func infer(
        _ header: [String: Any], binary: [UInt8]? = nil, model: String = "pconv",
        length: String? = nil
    ) throws -> ClientResponse {
        let json = [UInt8](try JSONSerialization.data(withJSONObject: header))
        let fields = binary.map { _ in
            [("Inference-Header-Content-Length", length ?? "\(json.count)")]
        }
        return try service.send(
            "POST", "/v2/models/\(model)/infer", fields ?? [], json + (binary ?? []))
    }

    private static func input(
        _ name: String, _ datatype: String, _ shape: [Int], data: Any? = nil, size: Int? = nil
    ) -> [String: Any] {
        var input: [String: Any] = ["name": name, "datatype": datatype, "shape": shape]
        input["data"] = data
        input["parameters"] = size.map { ["binary_data_size": $0] }
        return input
    }

    private static func binaryPair(_ more: [String: Any] = [:]) -> [String: Any] {
        let size = 4 * shape.reduce(1, *)
        return [
            "inputs": [
                input("output", "FP32", shape, size: size),
                input("target", "FP32", shape, size: size),
            ],
            "parameters": ["range": "0..1", "layers": layers],
        ].merging(more) { $1 }
    }

    private static let pairBytes = bytes(values(1)) + bytes(values(2))

    /// What POST /v1/losses says of the same pairs.
    private func expected() throws -> [[String: Any]] {
        let response = try service.send(
            "POST", "/v1/losses?layout=nchw&range=0..1&layers=\(Self.layers)",
            [("Content-Type", "application/safetensors")],
            SafetensorsFile.encode(
                [
                    ("output", Self.shape, Self.values(1)), ("target", Self.shape, Self.values(2)),
                ], metadata: [:]))
        return try #require(try response.json["results"] as? [[String: Any]])
    }

    private func outputs(_ response: ClientResponse) throws -> [String: [String: Any]] {
        try #require(response.status == 200, "\(response.text)")
        let outputs = try #require(try response.json["outputs"] as? [[String: Any]])
        return Dictionary(uniqueKeysWithValues: outputs.map { ($0["name"] as? String ?? "", $0) })
    }

    @Test(arguments: [
        ("/v2", "extensions"), ("/v2/health/live", "live"), ("/v2/health/ready", "ready"),
        ("/v2/models/pconv", "inputs"), ("/v2/models/pconv/ready", "ready"),
    ])
    func `tells of itself and its models`(path: String, member: String) throws {
        let response = try service.get(path)
        #expect(response.status == 200)
        #expect(try response.json[member] != nil)
    }

    @Test func `is alive but not ready before its weights are loaded`() throws {
        let service = try RunningService(loads: false)
        #expect(try service.get("/v2/health/live").status == 200)
        for path in ["/v2/health/ready", "/v2/models/pconv/ready"] {
            #expect(try service.get(path).status == 503)
        }
    }

    @Test func `lists a preset's terms and layers as outputs`() throws {
        let model = try service.get("/v2/models/pconv").json
        let names = { (member: String) in
            (model[member] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        }
        #expect(names("inputs") == ["output", "target", "mask"])
        #expect(names("outputs").contains("style.pool3"))
        #expect(names("outputs").last == "gradient")
    }

    @Test(arguments: ["bytes", "lists", "flat"])
    func `answers what POST /v1/losses does`(form: String) throws {
        var request = Self.binaryPair(["id": "mine"])
        var binary: [UInt8]? = Self.pairBytes
        if form != "bytes" {
            binary = nil
            request["inputs"] = zip(["output", "target"], [1, 2]).map { name, seed in
                let values = Self.values(seed)
                let half = values.count / 2
                let data: Any =
                    form == "flat"
                    ? values : [Array(values[..<half]), Array(values[half...])]
                return Self.input(name, "FP32", Self.shape, data: data)
            }
        }
        let response = try infer(request, binary: binary)
        let outputs = try outputs(response)
        #expect(try response.json["id"] as? String == "mine")
        #expect(try response.json["model_name"] as? String == "pconv")
        let expected = try expected()
        #expect(outputs["total"]?["data"] as? [Double] == expected.map { $0["total"] as? Double })
        #expect(outputs["total"]?["datatype"] as? String == "FP64")
        #expect(outputs["total"]?["shape"] as? [Int] == [Self.count])
        let style = expected.map { $0["style"] as? [String: Any] ?? [:] }
        #expect(outputs["style"]?["data"] as? [Double] == style.map { $0["loss"] as? Double })
        let layers = style.map { ($0["layers"] as? [String: Double])?["pool1"] }
        #expect(outputs["style.pool1"]?["data"] as? [Double] == layers)
        #expect(outputs["gradient"] == nil)
    }

    @Test func `answers bytes behind the JSON, gradients among them`() throws {
        let wanted: [[String: Any]] = [
            ["name": "gradient", "parameters": ["binary_data": true]], ["name": "total"],
        ]
        let response = try infer(
            Self.binaryPair(["outputs": wanted]), binary: Self.pairBytes)
        try #require(response.status == 200, "\(response.text)")
        #expect(response["content-type"] == "application/octet-stream")
        let length = try #require(response["inference-header-content-length"].flatMap(Int.init))
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(response.body[..<length]))
                as? [String: Any])
        let outputs = try #require(json["outputs"] as? [[String: Any]])
        #expect(outputs.compactMap { $0["name"] as? String } == ["gradient", "total"])
        #expect(outputs[0]["shape"] as? [Int] == Self.shape)
        #expect(outputs[1]["data"] as? [Double] == (try expected()).map { $0["total"] as? Double })

        let gradient = try service.send(
            "POST", "/v1/losses?layout=nchw&range=0..1&layers=\(Self.layers)&gradient=output",
            [("Content-Type", "application/safetensors")],
            SafetensorsFile.encode(
                [
                    ("output", Self.shape, Self.values(1)), ("target", Self.shape, Self.values(2)),
                ], metadata: [:]))
        let view = try #require(try SafetensorsFile.parse(gradient.body.span)["gradient"])
        #expect(Array(response.body[length...]) == Array(gradient.body[view.byteRange]))
    }

    @Test func `reads files as BYTES, binary and in base64`() throws {
        let (output, target) = (Sample.png(1), Sample.png(2))
        func element(_ file: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: UInt32(file.count).littleEndian) { Array($0) } + file
        }
        let form = try service.post("/v1/losses?layers=pool1", Sample.pair()).json["results"]
        let total = try #require((form as? [[String: Any]])?[0]["total"] as? Double)
        let parameters = ["layers": "pool1"]
        let binary = try infer(
            [
                "parameters": parameters,
                "inputs": [
                    Self.input("output", "BYTES", [2], size: 2 * element(output).count),
                    Self.input("target", "BYTES", [1], size: element(target).count),
                ],
            ], binary: element(output) + element(output) + element(target))
        #expect(try outputs(binary)["total"]?["data"] as? [Double] == [total, total])
        let text = try infer([
            "parameters": parameters,
            "inputs": [
                Self.input("output", "BYTES", [1], data: [Data(output).base64EncodedString()]),
                Self.input("target", "BYTES", [1], data: [Data(target).base64EncodedString()]),
            ],
        ])
        #expect(try outputs(text)["total"]?["data"] as? [Double] == [total])
    }

    /// Numbers of integers and floats that say how they are meant.
    @Test func `reads UINT8 in JSON with another layout`() throws {
        let shape = [16, 20, 3]
        let inputs = [("output", 1), ("target", 2)].map { name, seed in
            Self.input(name, "UINT8", shape, data: Sample.bytes(seed).map(Int.init))
        }
        let response = try infer([
            "inputs": inputs, "parameters": ["layout": "hwc", "layers": ["pool1": 1]],
        ])
        let form = try service.post("/v1/losses?layers=pool1", Sample.pair()).json["results"]
        let total = (form as? [[String: Any]])?[0]["total"] as? Double
        #expect(try outputs(response)["total"]?["data"] as? [Double?] == [total])
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let name: String
        let status: Int
        let words: String
        let json: String
        var binary: [UInt8]?
        var length: String?
        var testDescription: String { name }
    }

    private static let start = #"{"inputs":[{"name":"output","datatype":"#

    @Test(arguments: [
        Mistake(name: "no JSON", status: 400, words: "JSON", json: "x"),
        Mistake(name: "a list", status: 400, words: "object", json: "[]"),
        Mistake(name: "no inputs", status: 422, words: "no output", json: "{}"),
        Mistake(name: "stranger", status: 400, words: "and no more", json: #"{"model":1}"#),
        Mistake(
            name: "another input", status: 400, words: "means nothing",
            json: #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}"#),
        Mistake(
            name: "datatype", status: 422, words: "FP64, BYTES",
            json: start + #""BOOL","shape":[1],"data":[true]}]}"#),
        Mistake(
            name: "negative size", status: 422, words: "list of sizes",
            json: start + #""FP32","shape":[-1],"data":[1]}]}"#),
        Mistake(
            name: "too few numbers", status: 422, words: "shape and datatype",
            json: start + #""FP32","shape":[4],"data":[1]}]}"#),
        Mistake(
            name: "a size no machine has", status: 422, words: "shape and datatype",
            json: start + #""FP32","shape":[4611686018427387904,4],"data":[1]}]}"#),
        Mistake(
            name: "neither", status: 400, words: "elements once",
            json: start + #""FP32","shape":[1]}]}"#),
        Mistake(
            name: "text for numbers", status: 400, words: "numbers of its datatype",
            json: start + #""FP32","shape":[1],"data":["1"]}]}"#),
        Mistake(
            name: "fractions for integers", status: 400, words: "numbers of its datatype",
            json: start + #""UINT8","shape":[1],"data":[0.5]}]}"#),
        Mistake(
            name: "no base64", status: 400, words: "base64",
            json: start + #""BYTES","shape":[1],"data":["?"]}]}"#),
        Mistake(
            name: "more files than the shape", status: 422, words: "2 elements",
            json: start + #""BYTES","shape":[1],"data":["AAAA","AAAA"]}]}"#),
        Mistake(
            name: "beyond the body", status: 400, words: "are left",
            json: start
                + #""FP32","shape":[1],"parameters":{"binary_data_size":4}}]}"#, binary: [1]),
        Mistake(
            name: "cut inside an element", status: 400, words: "inside an element",
            json: start
                + #""BYTES","shape":[1],"parameters":{"binary_data_size":5}}]}"#,
            binary: [9, 0, 0, 0, 1]),
        Mistake(
            name: "bytes of nobody", status: 400, words: "belong to no input",
            json: "{}", binary: [1, 2, 3]),
        Mistake(
            name: "a header longer than the body", status: 400, words: "which has 5",
            json: "{}", binary: [1, 2, 3], length: "6"),
        Mistake(
            name: "a header that is no number", status: 400, words: "which has 5",
            json: "{}", binary: [1, 2, 3], length: "-1"),
        Mistake(
            name: "unknown parameter", status: 422, words: "There is no option",
            json: #"{"parameters":{"layer":"pool1"},"inputs":[]}"#),
        Mistake(
            name: "a flag that is none", status: 400, words: "true or false",
            json: #"{"parameters":{"binary_data_output":1},"inputs":[]}"#),
    ])
    func `refuses with the protocol's form of errors`(mistake: Mistake) throws {
        let fields = mistake.binary.map { _ in
            [("Inference-Header-Content-Length", mistake.length ?? "\(mistake.json.utf8.count)")]
        }
        let response = try service.send(
            "POST", "/v2/models/pconv/infer", fields ?? [],
            Array(mistake.json.utf8) + (mistake.binary ?? []))
        #expect(response.status == mistake.status, "\(response.text)")
        let error = try #require(try response.json["error"] as? String)
        #expect(error.contains(mistake.words), "\(error)")
    }

    @Test func `names the models there are, and the outputs`() throws {
        for path in ["/v2/models/nothing", "/v2/models/nothing/ready"] {
            let response = try service.get(path)
            #expect(response.status == 404)
            #expect((try response.json["error"] as? String)?.contains("pconv, ") == true)
        }
        #expect(try infer(["inputs": []], model: "nothing").status == 404)
        let response = try infer(
            Self.binaryPair(["outputs": [["name": "styl"]]]), binary: Self.pairBytes)
        #expect(response.status == 422)
        #expect((try response.json["error"] as? String)?.contains("style.pool1") == true)
    }
}
