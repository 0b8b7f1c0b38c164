import Service

extension Command {
    static let completion = Command(
        name: "completion",
        abstract: "Print a script that completes commands and options in a shell.",
        discussion: """
            bash: source <(styleloss completion bash)
            zsh: styleloss completion zsh >"${fpath[1]}/_styleloss"
            fish: styleloss completion fish >~/.config/fish/completions/styleloss.fish
            """,
        operands: [Option(name: "shell", help: "bash, zsh or fish.")]
    ) { invocation throws(Exit) in
        try invocation.check()
        let shell = invocation.operands[0]
        guard let script = Completion.scripts[shell] else {
            throw Exit(.usage, ["\(shell): there is no such shell; there are bash, zsh and fish"])
        }
        throw Exit(.clean, script())
    }
}

/// Completion scripts, from the tables that `--help` prints.
enum Completion {
    static let scripts: [String: @Sendable () -> String] = ["bash": bash, "zsh": zsh, "fish": fish]

    /// A flag of a command: what it is about, and whether a value follows it.
    private struct Flag {
        let name: String
        let help: String
        let takesValue: Bool
    }

    private static func flags(_ command: Command) -> [Flag] {
        var flags = command.options.map {
            Flag(name: $0.name, help: $0.help, takesValue: $0.placeholder != nil)
        }
        flags += command.settings.map { Flag(name: $0.key, help: $0.help, takesValue: true) }
        flags.append(Flag(name: "help", help: "Show what it takes.", takesValue: false))
        return flags
    }

    @Sendable private static func bash() -> String {
        let cases = Command.all.map { command in
            let words = flags(command).map { "--\($0.name)" }.joined(separator: " ")
            return "    \(command.name)) words='\(words)' ;;"
        }
        return """
            _styleloss() {
                local word=${COMP_WORDS[COMP_CWORD]} words=
                case ${COMP_WORDS[1]} in
            \(cases.joined(separator: "\n"))
                esac
                [[ $COMP_CWORD -gt 1 ]] || words='\(Command.all.map(\.name).joined(separator: " "))'
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
                [[ $word == -* || $COMP_CWORD -eq 1 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
            }
            complete -o filenames -F _styleloss styleloss
            """
    }

    @Sendable private static func zsh() -> String {
        let commands = Command.all.map { "'\($0.name):\(plain($0.abstract))'" }
        let cases = Command.all.map { command -> String in
            let arguments = flags(command).map { flag -> String in
                let value = flag.takesValue ? ":value:_files" : ""
                return "'--\(flag.name)[\(plain(flag.help))]\(value)'"
            }
            let all = arguments.joined(separator: " ")
            return "\(command.name)) _arguments \(all) '*:file:_files' ;;"
        }
        return """
            #compdef styleloss
            if (( CURRENT == 2 )); then
                local -a commands=(\(commands.joined(separator: " ")))
                _describe command commands
                return
            fi
            shift words
            (( CURRENT-- ))
            case $words[1] in
            \(cases.joined(separator: "\n"))
            esac
            """
    }

    @Sendable private static func fish() -> String {
        var lines: [String] = []
        for command in Command.all {
            lines.append(
                "complete -c styleloss -n __fish_use_subcommand -f -a \(command.name)"
                    + " -d '\(plain(command.abstract))'")
            for flag in flags(command) {
                let value = flag.takesValue ? " -r" : ""
                lines.append(
                    "complete -c styleloss -n '__fish_seen_subcommand_from \(command.name)'"
                        + " -l \(flag.name)\(value) -d '\(plain(flag.help))'")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Without what means something to a shell.
    private static func plain(_ text: String) -> String {
        String(text.filter { !"'[]:\\".contains($0) })
    }
}
