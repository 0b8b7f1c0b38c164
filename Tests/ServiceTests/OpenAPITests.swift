import Foundation
import Service
import Testing

/// openapi.yaml as the committed file has it, read line by line: its style is fixed, so no YAML
/// parser is needed.
struct Contract {
    let text: String
    private(set) var operations: [String: Set<String>] = [:]
    private(set) var codes: Set<String> = []

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        text = try String(contentsOf: root.appendingPathComponent("openapi.yaml"), encoding: .utf8)
        var path: String?
        var isInCodes = false
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("  /") { path = String(line.dropFirst(2).dropLast()) }
            if line.hasPrefix("components:") { path = nil }
            let methods = ["get", "put", "post", "delete"].filter { line == "    \($0):" }
            if let path, let method = methods.first {
                operations[path, default: []].insert(method.uppercased())
            }
            if line.hasPrefix("        code:") { isInCodes = true }
            if line.hasPrefix("        error:") { isInCodes = false }
            if isInCodes, line.hasPrefix("            - ") {
                codes.insert(String(line.dropFirst(14)))
            }
        }
    }
}

struct OpenAPITests {
    @Test func `lists the paths and methods of the router, no more and no less`() throws {
        let service = try RunningService.shared.get().service
        let routes = Dictionary(
            uniqueKeysWithValues: service.operations.map { ($0.path, Set($0.methods)) })
        #expect(try Contract().operations == routes)
    }

    @Test func `lists the error codes, no more and no less`() throws {
        #expect(try Contract().codes == Set(ErrorCode.allCases.map(\.rawValue)))
    }

    @Test(arguments: ErrorCode.allCases) func `names each code in a response with its status`(
        code: ErrorCode
    ) throws {
        let text = try Contract().text
        #expect(text.contains("`\(code.rawValue)`"))
        let isShared = [404, 405, 414, 417, 431].contains(code.status.code)
        #expect(isShared || text.contains("\"\(code.status.code)\": {$ref:"), "\(code.status.code)")
    }

    @Test(arguments: ErrorCode.allCases)
    func `has a reason phrase and a title for each code`(code: ErrorCode) {
        #expect(!code.status.reasonPhrase.isEmpty)
        // A title names one code, and begins like a sentence.
        #expect(code.title.first?.isUppercase == true && code.title.last != ".")
        #expect(ErrorCode.allCases.filter { $0.title == code.title } == [code])
    }

    @Test func `is served byte for byte`() throws {
        let response = try RunningService.shared.get().get("/openapi.yaml")
        #expect(response.status == 200)
        #expect(response["content-type"] == "application/yaml")
        #expect(response.text == (try Contract().text))
    }

    @Test func `has the version of the code`() throws {
        #expect(try Contract().text.contains("\n  version: \(Version.number)\n"))
    }
}
