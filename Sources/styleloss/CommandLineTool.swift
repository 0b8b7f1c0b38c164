import Glibc
import Service

/// `styleloss`: the service and the same engine without it.
enum CommandLineTool {
    /// Runs the command line; the result is the exit status.
    static func run() -> Int32 {
        guard Descriptors.occupyStandardStreams() else { return ExitStatus.runtime.rawValue }
        Descriptors.raiseLimit()
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
            return ExitStatus.clean.rawValue
        } catch {
            if let text = error.text {
                if error.status == .clean { print(text) } else { printError(text) }
            }
            return error.status.rawValue
        }
    }

    private static func run(_ words: [String]) throws(Exit) {
        switch words.first {
        case nil, "--help", "-h", "help":
            guard words.count > 1, let command = named(words[1]) else {
                throw Exit(.clean, CommandHelp.overview)
            }
            throw Exit(.clean, CommandHelp.text(command))
        case "--version": throw Exit(.clean, Version.number)
        case .some(let name):
            guard let command = named(name) else {
                let names = Command.all.map(\.name).joined(separator: ", ")
                throw Exit(.usage, ["\(name): there is no such command; there are \(names)"])
            }
            try command.run(Array(words.dropFirst()))
        }
    }

    private static func named(_ name: String) -> Command? {
        Command.all.first { $0.name == name }
    }

    private static func printError(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
