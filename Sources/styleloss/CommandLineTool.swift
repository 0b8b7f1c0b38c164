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
            guard words.count > 1 else { throw Exit(.clean, CommandHelp.overview) }
            throw Exit(.clean, CommandHelp.text(try command(words[1])))
        case "--version": throw Exit(.clean, Version.number)
        case .some(let name): try command(name).run(Array(words.dropFirst()))
        }
    }

    private static func command(_ name: String) throws(Exit) -> Command {
        if let command = Command.all.first(where: { $0.name == name }) { return command }
        let names = Command.all.map(\.name).joined(separator: ", ")
        throw Exit(.usage, ["\(name): there is no such command; there are \(names)"])
    }

    static func printError(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
