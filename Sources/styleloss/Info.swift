import ArgumentParser
import Codecs
import Service

/// `styleloss info`
struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the model, the limits and the machine as the service would see them.")

    @OptionGroup var engine: EngineOptions

    @Flag(help: "Print the answer of GET /v1/info.")
    var json = false

    func run() throws {
        let info = try Comparison.load(try Configuration.load(flags: engine.flags)).info.json
        guard !json else {
            print(String(decoding: info.encode(), as: UTF8.self))
            return
        }
        for line in Self.lines(info) { print(line) }
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
