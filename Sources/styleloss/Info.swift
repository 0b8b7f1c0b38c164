import Codecs
import Service

extension Command {
    static let info = Command(
        name: "info",
        abstract: "Show the model, the limits and the machine as the service would see them.",
        options: [Option(name: "json", help: "Print the answer of GET /v1/info.")],
        settings: Configuration.settings
    ) { invocation throws(Exit) in
        let info = try Comparison.load(try invocation.configuration()).info.json
        guard !invocation.arguments.has("--json") else {
            throw Exit(.clean, String(decoding: info.encode(), as: UTF8.self))
        }
        throw Exit(.clean, lines(info).joined(separator: "\n"))
    }

    private static func lines(_ info: JSON, indent: String = "") -> [String] {
        guard case .object(let members) = info else { return [] }
        return members.flatMap { member -> [String] in
            switch member.value {
            case .object: ["\(indent)\(member.name)"] + lines(member.value, indent: indent + "  ")
            case .array(let items):
                ["\(indent)\(member.name): \(items.map(text).joined(separator: ", "))"]
            default: ["\(indent)\(member.name): \(text(member.value))"]
            }
        }
    }

    private static func text(_ value: JSON) -> String {
        if case .text(let text) = value { return text.string }
        return String(decoding: value.encode(), as: UTF8.self)
    }
}
