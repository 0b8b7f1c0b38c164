import ArgumentParser
import Service

/// `styleloss serve`
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve losses over HTTP.",
        usage: "styleloss serve [--<option> <value> ...]",
        discussion: OptionTable.text)

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var options: [String] = []

    func run() throws {
        let status = ServiceProcess.run(try Configuration.load(flags: options))
        throw ExitCode(status.rawValue)
    }
}

/// The settings as `--help` prints them.
enum OptionTable {
    static var text: String {
        let lines = Setting.all.map { setting in
            "  \(setting.flag) <\(placeholder(setting))>\n"
                + wrapped("\(setting.help). Default: \(setting.defaultDescription).")
        }
        return """
            Every option can also be set in the environment: --max-body-bytes is STYLELOSS_MAX_BODY_BYTES. \
            A flag wins over the environment.

            Options:
            \(lines.joined(separator: "\n"))
            """
    }

    /// Lines that fit a terminal of 80 columns, indented below the option's name.
    private static func wrapped(_ text: String) -> String {
        var lines = ["     "]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].count + word.count >= 78 { lines.append("     ") }
            lines[lines.count - 1] += " \(word)"
        }
        return lines.joined(separator: "\n")
    }

    private static func placeholder(_ setting: Setting) -> String {
        switch setting.kind {
        case .integer(_, let unit): unit == .count ? "n" : unit.rawValue
        case .choice(let choices): choices.joined(separator: "|")
        case .text: "file"
        case .list: "address"
        }
    }
}
