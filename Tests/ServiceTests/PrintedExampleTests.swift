import Foundation
import Testing

/// The answer that README.md and openapi.yaml print, held to what the service answers.
struct PrintedExampleTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The photographs that both examples are about, answered once.
    private static let answer = Result {
        let images = root.appendingPathComponent("Tests/Fixtures/images")
        let parts = try [("output", "astronaut-256.png"), ("target", "rocket-256.png")].map {
            (part, file) in
            let bytes = try Data(contentsOf: images.appendingPathComponent(file))
            return (name: part, type: "image/png" as String?, body: [UInt8](bytes))
        }
        return try RunningService.shared.get().post("/v1/losses", Form(parts[0], parts[1]))
    }

    /// `key: number` of JSON and YAML alike, in the order of the text.
    private static func numbers(_ text: Substring) -> [(key: String, digits: String)] {
        text.matches(of: /(\w+)"?:\s*(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?=[,}\s])/).map {
            (key: String($0.1), digits: String($0.2))
        }
    }

    /// What stands between the two, first from the top.
    private static func part(
        of text: String, after start: String, before end: String
    ) throws -> Substring {
        let start = try #require(text.range(of: start))
        let end = try #require(text.range(of: end, range: start.upperBound..<text.endIndex))
        return text[start.upperBound..<end.lowerBound]
    }

    private static func example(_ file: String) throws -> String {
        let text = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
        return file == "README.md"
            ? String(try part(of: text, after: "```json\n", before: "```"))
            : String(try part(of: text, after: "summary: Losses of", before: "\"400\":"))
    }

    private static func results(_ file: String) throws -> [(key: String, digits: String)] {
        let text = try example(file)
        return numbers(try part(of: text, after: "results", before: "warnings"))
    }

    /// As many digits as are printed must be right; kernels of different instruction sets differ in
    /// later ones.
    @Test(arguments: ["README.md", "openapi.yaml"])
    func `every digit printed is what the service answers`(file: String) throws {
        let answered = Self.numbers(Substring(try #require(Self.answer.get().results)))
        let printed = try Self.results(file)
        #expect(printed.map(\.key) == answered.map(\.key))
        for (printed, answered) in zip(printed, answered) {
            let decimals = printed.digits.split(separator: ".").dropFirst().first?.count ?? 0
            let value = try #require(Double(answered.digits))
            #expect(
                String(format: "%.\(decimals)f", value) == printed.digits,
                "\(file): \(printed.key) is \(answered.digits)")
        }
    }

    @Test(arguments: ["README.md", "openapi.yaml"])
    func `names the weights and the target that the service names`(file: String) throws {
        let text = try Self.example(file)
        let model = try #require(Self.answer.get().json["model"] as? [String: Any])
        let digest = try #require(model["sha256"] as? String)
        let printed = try #require(text.firstMatch(of: /sha256"?: "?([0-9a-f]{8,})/))
        #expect(digest.hasPrefix(printed.1))
        let target = try #require(Self.answer.get().text.firstMatch(of: /sha256:[0-9a-f]{64}/))
        for match in text.matches(of: /target_digest"?: "?(sha256:[0-9a-f]+)/) {
            #expect(match.1 == target.0)
        }
    }

    @Test func `total is the sum of its parts`() throws {
        let results = try #require(Self.answer.get().json["results"] as? [[String: Any]])
        let result = try #require(results.first)
        var total = 0.0
        for case let term as [String: Any] in result.values {
            let layers = try #require(term["layers"] as? [String: Double])
            let loss = try #require(term["loss"] as? Double)
            let sum = layers.values.reduce(0, +)
            #expect(abs(loss - sum) <= 1e-14 * sum * Double(layers.count))
            total += try #require(term["weight"] as? Double) * loss
        }
        let answered = try #require(result["total"] as? Double)
        #expect(total > 0 && abs(answered - total) <= 1e-14 * total)
    }

    /// A reader who adds up the printed digits meets the printed total, to their rounding.
    @Test(arguments: ["README.md", "openapi.yaml"])
    func `the printed total is the sum of the printed parts`(file: String) throws {
        var (total, sum, slack, loss, half) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (key, digits) in try Self.results(file) {
            let value = try #require(Double(digits))
            let decimals = digits.split(separator: ".").dropFirst().first?.count ?? 0
            let rounding = pow(10, -Double(decimals)) / 2
            switch key {
            case "total": (total, slack) = (value, slack + rounding)
            case "loss": (loss, half) = (value, rounding)
            case "weight": (sum, slack) = (sum + value * loss, slack + value * half)
            default: break
            }
        }
        #expect(sum > 0 && abs(total - sum) <= slack, "\(file): \(total), not \(sum)")
    }
}
