import Service

/// `--help`, from the tables.
enum CommandHelp {
    static var overview: String {
        let commands = Command.all.map { entry($0.name, $0.abstract) }.joined(separator: "\n")
        return """
            Style and perceptual losses of images, with VGG.

            Usage: \(Version.name) <command> [...]

            Commands:
            \(commands)

            Examples:
              styleloss serve
              styleloss compare out.png target.png
              styleloss compare out.png target.png --mask mask.png --json
              styleloss compare a.npy b.npy --layout chw --range 0..1 --layers pool1,pool2
              styleloss compare outputs/ targets/ --preset lpips-vgg --weights vgg16.safetensors
              styleloss compare --pairs pairs.csv --format csv --output losses.csv

            styleloss <command> --help tells more, styleloss --version the version.
            """
    }

    static func text(_ command: Command) -> String {
        let hasOptions = !command.options.isEmpty || !command.settings.isEmpty
        let options = hasOptions ? " [--<option> <value> ...]" : ""
        func usage(_ words: [String]) -> String {
            ([Version.name, command.name] + words).joined(separator: " ") + options
        }
        var usages = "Usage: " + usage(command.operands.map { "<\($0.name)>" })
        if let option = command.insteadOfOperands {
            let value = option.placeholder.map { ["<\($0)>"] } ?? []
            usages += "\n       " + usage([option.flag] + value)
        }
        var parts = [command.abstract, usages]
        if let discussion = command.discussion { parts.append(discussion) }
        parts += list("Arguments:", command.operands.map { ("<\($0.name)>", $0.help) })
        parts += list(
            "Options:",
            command.options.map { option in
                (option.placeholder.map { "\(option.flag) <\($0)>" } ?? option.flag, option.help)
            })
        parts += list(
            """
            Settings, which can also be set in the environment, --max-body-bytes as
            STYLELOSS_MAX_BODY_BYTES; a flag wins over the environment:
            """,
            command.settings.map { setting in
                (
                    "\(setting.flag) <\(setting.placeholder)>",
                    "\(setting.help). Default: \(setting.defaultDescription)."
                )
            })
        return parts.joined(separator: "\n\n")
    }

    private static func list(_ title: String, _ entries: [(String, String)]) -> [String] {
        guard !entries.isEmpty else { return [] }
        return [([title] + entries.map { entry($0.0, $0.1) }).joined(separator: "\n")]
    }

    /// A name and, indented below it, its sentence in lines that fit a terminal of 80 columns.
    private static func entry(_ name: String, _ help: String) -> String {
        var lines = ["     "]
        for word in help.split(separator: " ") {
            if lines[lines.count - 1].utf8.count + word.utf8.count >= 78 { lines.append("     ") }
            lines[lines.count - 1] += " \(word)"
        }
        return "  \(name)\n" + lines.joined(separator: "\n")
    }
}
